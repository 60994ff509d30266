package org.diffusionclassifier.device.cuda.driver;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The kernels and what a launch must know of each: {@code kernels.json}, which the build makes of the sources alone, with
 * the compiler's report where there is one.
 */
public final class KernelCatalog {

    private final Map<String, KernelFacts> kernels;

    private KernelCatalog(Collection<KernelFacts> kernels) {
        var byName = new LinkedHashMap<String, KernelFacts>();
        kernels.forEach(kernel -> byName.put(kernel.kernel(), kernel));
        this.kernels = Collections.unmodifiableMap(byName);
    }

    /** Of this jar: all kernels, whatever card they are for. */
    public static KernelCatalog packaged() {
        return Packaged.CATALOG;
    }

    private static final class Packaged {
        private static final KernelCatalog CATALOG = parse(Objects.requireNonNull(
                Driver.resource("kernels.json"), "this jar holds no kernels.json"));
    }

    /** @param json an array of kernels, as {@code kernels/catalog.awk} writes it */
    static KernelCatalog parse(byte[] json) {
        try {
            return new KernelCatalog(new ObjectMapper().readValue(json, new TypeReference<List<KernelFacts>>() { }));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Those that cards of a compute capability have. */
    public KernelCatalog of(int computeCapability) {
        return new KernelCatalog(kernels.values().stream().filter(kernel -> kernel.runsOn(computeCapability)).toList());
    }

    /** In the order of the sources. */
    public Collection<KernelFacts> kernels() {
        return kernels.values();
    }

    /** A kernel by name. */
    public Optional<KernelFacts> find(String name) {
        return Optional.ofNullable(kernels.get(name));
    }

    /** The first kernel that fits; for a family that has one for every case. */
    public KernelFacts first(Predicate<KernelFacts> fits) {
        return kernels.values().stream().filter(fits).findFirst().orElseThrow();
    }

    /** What the kernels of a source file require. */
    String requirement(String file) {
        return first(kernel -> kernel.file().equals(file)).requires();
    }

    /** Whether a source file has kernels here; a file without any is not for the cards of this catalog. */
    boolean hasFile(String file) {
        return kernels.values().stream().anyMatch(kernel -> kernel.file().equals(file));
    }

    /**
     * What the compiler made of a kernel for an architecture.
     *
     * @param architecture {@code sm_80}
     * @return null if the jar was built without a compiler, or without that architecture
     */
    public CompiledKernel compiled(String kernel, String architecture) {
        return find(kernel).stream().flatMap(facts -> facts.compiled().stream())
                .filter(compiled -> compiled.arch().equals(architecture)).findFirst().orElse(null);
    }
}
