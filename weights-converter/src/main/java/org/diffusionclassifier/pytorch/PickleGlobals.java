package org.diffusionclassifier.pytorch;

import java.util.List;

/** What a pickle may name, as the {@link Unpickler} asks for it. */
interface PickleGlobals {

    /**
     * What stands for the global {@code MODULE.NAME}; null if it is not known.
     *
     * @throws IllegalArgumentException if there must be none, with a message that says what is expected
     */
    Object find(String name);

    /** What stands for the object that the pickle refers to by {@code id}. */
    Object persistent(Object id);

    /** A global that may be called. Its result is small, whatever its arguments are. */
    @FunctionalInterface
    interface Constructor {

        /** @throws IllegalArgumentException if the arguments are wrong, with a message that says what they should be */
        Object construct(List<Object> arguments);
    }

    /** An object that is given its state after it was made. */
    abstract class Stateful {

        /** @throws IllegalArgumentException if the state is wrong, with a message that says what it should be */
        abstract void set(Object state);
    }
}
