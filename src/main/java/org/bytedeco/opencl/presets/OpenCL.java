package org.bytedeco.opencl.presets;

/**
 * Stands in for a class of JavaCPP's OpenCL presets, which are not published for the version that oneDNN's presets
 * name as their parent: the loader wants the name to resolve, and looks no further.
 */
public class OpenCL {
}
