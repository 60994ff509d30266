/**
 * What differs from one operating system to another: the names of natives, what a process has to set for OpenMP and for
 * the encoding of names, and what a console can print. Leans on nothing else here; natives are called through JNA.
 */
package org.diffusionclassifier.platform;
