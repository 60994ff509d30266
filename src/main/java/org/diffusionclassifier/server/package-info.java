/**
 * The page and the interface over HTTP that {@code serve} offers: requests to the library's specifications, a queue of
 * the work, answers as JSON and events. {@link org.diffusionclassifier.server.ClassifierServer} is where to start;
 * {@code server.http} has connections and their limits.
 */
package org.diffusionclassifier.server;
