/**
 * Archives as folders: {@link org.diffusionclassifier.file.archive.Archive} opens one and gives the path of its root,
 * from which the readers of data sets read as from any folder. Nothing is written into an archive. Leans on the JDK's
 * file system for ZIP files and, for TAR, on Commons Compress, which reads the headers.
 */
package org.diffusionclassifier.file.archive;
