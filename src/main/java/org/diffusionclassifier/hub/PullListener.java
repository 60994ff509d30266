package org.diffusionclassifier.hub;

/** What a {@link Pull} does, while it does it. Called from several threads at once. */
public interface PullListener {

    /** One that does not listen. */
    PullListener NONE = new PullListener() {
    };

    /** Begins; {@code bytes} of all files, of which {@link #done} then tells, those that are here already included. */
    default void total(long bytes) {
    }

    /** So many bytes more are here; fewer than 0 where what had arrived was not what it should be. */
    default void done(long bytes) {
    }

    /** A file begins to arrive. */
    default void started(RemoteFile file) {
    }

    /** A file is here, whole. */
    default void finished(RemoteFile file) {
    }
}
