/**
 * Data sets in the layout in which they are published, one class each: their lists, splits and labels as plain records.
 * A list's order is the order of the examples. Whatever does not fit (a list that is missing, a label beyond the
 * classes, a picture that is not there, a folder one level too deep) is refused in one line when the set is opened.
 * Paths may lie in any file system, so that an {@link org.diffusionclassifier.file.archive.Archive} is as good as a
 * folder.
 */
package org.diffusionclassifier.dataset.published;
