/**
 * Contents over HTTP. A {@link org.diffusionclassifier.download.Source} asks for what is not here yet, again and again
 * ({@link org.diffusionclassifier.download.Retries}). {@link org.diffusionclassifier.download.PartialFile} keeps and
 * hashes what arrives until it is whole. {@link org.diffusionclassifier.download.PublicFile} is a file that anyone may
 * fetch. Leans on {@link java.net.HttpURLConnection}.
 */
package org.diffusionclassifier.download;
