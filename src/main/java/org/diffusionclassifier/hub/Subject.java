package org.diffusionclassifier.hub;

/**
 * What a request is about, for messages.
 *
 * @param file its path in the repository; null for the repository itself
 */
record Subject(RepositoryName name, Revision revision, String file) {

    @Override
    public String toString() {
        return name + (file == null ? "" : ": " + file);
    }
}
