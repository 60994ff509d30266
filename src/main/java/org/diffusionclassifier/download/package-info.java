/**
 * Contents over HTTP: {@link org.diffusionclassifier.download.Source} asks for what is not here yet, again and again
 * ({@link org.diffusionclassifier.download.Retries}), and {@link org.diffusionclassifier.download.PartialFile} keeps and
 * hashes what arrives until it is whole. Leans on java.net.http; knows no server's manners.
 */
package org.diffusionclassifier.download;
