/** oneDNN as the CPU device uses it: engine and stream, descriptors, primitives as operations of a graph, memory. */
package org.diffusionclassifier.device.cpu.dnnl;
