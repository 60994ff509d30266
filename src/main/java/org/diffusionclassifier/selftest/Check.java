package org.diffusionclassifier.selftest;

/**
 * Something that holds if a device computes what it should.
 *
 * @param group   what it is one of, for people: {@code kernels}
 * @param name    what is held to what
 * @param allowed the largest miss that passes, at least 0
 */
record Check(String group, String name, double allowed, Measurement measurement) {

    /** Runs what is checked. */
    @FunctionalInterface
    interface Measurement {

        /**
         * By how much the result misses, at least 0; not a number where the result is none.
         *
         * @throws RuntimeException if it cannot be had, which fails the check
         */
        double miss();
    }

    /**
     * What came of a check.
     *
     * @param miss    null if there was no result
     * @param failure in one line; null if the check passed
     * @param seconds that it took, the reference included
     */
    record Outcome(String group, String name, double allowed, Double miss, String failure, double seconds) {

        boolean passed() {
            return failure == null;
        }
    }

    Outcome run() {
        long start = System.nanoTime();
        Double miss = null;
        String failure = null;
        try {
            miss = measurement.miss();
            if (!(miss <= allowed)) {
                failure = "outside its tolerance";
            }
        } catch (RuntimeException e) {
            failure = String.valueOf(e.getMessage() == null ? e : e.getMessage()).replaceAll("\\s*\\R\\s*", " ");
        }
        return new Outcome(group, name, allowed, miss, failure, (System.nanoTime() - start) * 1e-9);
    }
}
