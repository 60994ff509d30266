package org.diffusionclassifier.device.cuda.driver;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What ptxas reported of a kernel when the jar was built: {@code kernels.json}.
 *
 * @param kernel    its name
 * @param arch      {@code sm_80}, …
 * @param registers of a thread
 * @param stack     bytes of a thread
 * @param spills    bytes of a thread, stores and loads
 * @param sharedBytes static shared memory of a block
 */
public record CompiledKernel(String kernel, String arch, int registers, int stack, int spills,
                             @JsonProperty("shared") int sharedBytes) {
}
