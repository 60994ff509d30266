package org.diffusionclassifier.device.cuda;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

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

    /** By {@code KERNEL sm_NN}; empty if the jar was built without nvcc. */
    public static Map<String, CompiledKernel> all() {
        byte[] report = Driver.resource("kernels.json");
        if (report == null) {
            return Map.of();
        }
        try {
            List<CompiledKernel> kernels = new ObjectMapper().readValue(report, new TypeReference<>() { });
            return kernels.stream().collect(Collectors.toMap(CompiledKernel::key, Function.identity()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String key() {
        return kernel + " " + arch;
    }
}
