/**
 * Models by their names on the Hugging Face Hub: what of them is in the cache that all programs share, and how the rest
 * gets there. Leans on {@code download}, Jackson and {@code file}; knows nothing of what is in the files.
 *
 * <pre>
 * var settings = HubSettings.of(System.getenv(), home);
 * var name = new RepositoryName("stabilityai/stable-diffusion-2-base");
 * new HubCache(settings).snapshot(name, Revision.MAIN)            a folder to open, or empty; asks nobody
 *
 * var client = new HubClient(settings);
 * var repository = client.repository(name, Revision.MAIN);        commit, files, licence, gate; fetches nothing
 * var selection = Selection.model(repository, Precision.FP16);    what is needed, and its bytes()
 * Pull.of(settings, client, repository, selection, listener)      the same folder, filled
 *
 * var removal = new HubCache(settings).removal(name);             bytes() it frees, what stays as shared()
 * removal.run();
 * </pre>
 *
 * {@link org.diffusionclassifier.hub.HubCache} and {@link org.diffusionclassifier.hub.SnapshotWriter} know the cache's
 * layout, {@link org.diffusionclassifier.hub.HubClient} the protocol, {@link org.diffusionclassifier.hub.HubRequests}
 * the manners: redirects, the token, patience. Whatever goes wrong is an {@link
 * org.diffusionclassifier.tensor.InputException} with one line for the user, which never holds the token.
 */
package org.diffusionclassifier.hub;
