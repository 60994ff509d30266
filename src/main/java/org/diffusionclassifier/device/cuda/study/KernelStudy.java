package org.diffusionclassifier.device.cuda.study;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.driver.EmulatedProfile;
import org.diffusionclassifier.device.cuda.driver.Gpu;
import org.diffusionclassifier.device.cuda.driver.KernelOp;

/**
 * The launches of a graph, those that do the same work taken together, and what each of them takes: counted on the
 * emulated card, timed on a real one.
 */
public final class KernelStudy {

    private final CudaDevice device;
    private final Graph graph;
    private final Map<Launch, KernelOp> launches = new LinkedHashMap<>();

    /**
     * The emulated card with every load and store checked and counted, as large as another: layers then choose the
     * tiles that they choose there. It stays so for the rest of the process.
     */
    public static CudaDevice openEmulatedAs(Card card) {
        EmulatedProfile.pretend(card.computeCapability(), card.multiprocessors(), card.sharedBytesOfBlock());
        return CudaDevice.openEmulatedToCount();
    }

    /** @param graph recorded on the device, and open as long as this is used */
    public KernelStudy(CudaDevice device, Graph graph) {
        this.device = device;
        this.graph = graph;
        Map<Launch, List<KernelOp>> alike = new LinkedHashMap<>();
        for (Op op : graph.ops()) {
            if (op instanceof KernelOp launch) {
                alike.computeIfAbsent(Launch.of(launch), key -> new ArrayList<>()).add(launch);
            }
        }
        alike.forEach((launch, ops) -> launches.put(launch.times(ops.size()), ops.get(0)));
    }

    /** Of our own kernels, in the order in which they first come. */
    public List<Launch> launches() {
        return List.copyOf(launches.keySet());
    }

    /**
     * Runs a launch's kernel on blocks spread evenly over its grid, on an emulated card, and counts what they do. What
     * the graph's tensors hold is lost.
     *
     * @param blocks how many
     */
    public LaunchCounters count(Launch launch, int blocks) {
        Gpu gpu = device.gpu();
        graph.place();
        device.clearArena(graph.arenaBytes());
        return LaunchCounters.of(EmulatedProfile.count(gpu, blocks, launches.get(launch)).get(launch.kernel()));
    }

    /**
     * What a launch takes on a real card.
     *
     * @param cold seconds with operands of which nothing is in the L2 cache, as weights are in an evaluation
     * @param warm seconds with operands of the launch before, as far as the cache holds them: those of small maps are
     */
    public record Timing(double cold, double warm) {
    }

    /** Times a launch. */
    public Timing time(Launch launch) {
        graph.place();
        var repeated = new RepeatedLaunch(device.gpu(), List.of(launches.get(launch)));
        return new Timing(repeated.cold(), repeated.warm());
    }

    /**
     * Seconds that NVIDIA's libraries take for each launch that multiplies matrices, with all that they need around it;
     * of a split product, against both of its launches.
     *
     * @param libraries a study of the same evaluation, recorded on a device whose matrix products are the libraries'
     * @return by launch; others are absent
     */
    public Map<Launch, Comparison> compare(KernelStudy libraries) {
        List<List<Op>> ours = products(graph);
        List<List<Op>> theirs = joined(products(libraries.graph), ours);
        graph.place();
        libraries.graph.place();
        Map<Launch, Comparison> compared = new LinkedHashMap<>();
        launches.forEach((launch, first) -> {
            for (int i = 0; i < ours.size(); i++) {
                if (ours.get(i).contains(first) && first.flops() > 0) {
                    compared.put(launch, new Comparison(cold(ours.get(i)), libraries.cold(theirs.get(i))));
                }
            }
        });
        return compared;
    }

    /**
     * A product by our kernels and by NVIDIA's libraries, both with cold operands.
     *
     * @param seconds          ours
     * @param librariesSeconds theirs
     */
    public record Comparison(double seconds, double librariesSeconds) {
    }

    /**
     * The matrix products and convolutions of a graph in their order, which is the same for our kernels and the
     * libraries: each an operation that has FLOP, with the launches right before and behind that only prepare or finish
     * it.
     */
    private static List<List<Op>> products(Graph graph) {
        List<List<Op>> products = new ArrayList<>();
        List<Op> before = new ArrayList<>();
        boolean open = false;
        for (Op op : graph.ops()) {
            String family = op instanceof KernelOp launch ? launch.kernel().family() : "";
            if (op.flops() > 0 && !family.equals("attention")) {
                before.add(op);
                products.add(before);
                before = new ArrayList<>();
                open = true;
            } else if (open && (family.equals("splitk") || family.equals("finish"))) {
                products.get(products.size() - 1).add(op);
            } else if (family.equals("arrange")) {
                open = false;
                before.add(op);
            } else {
                open = false;
                before.clear();
            }
        }
        return products;
    }

    /**
     * Products, put together as others are: one of ours may be two of the libraries', in a row, that have its FLOP. One
     * of a doubled map has more of them there.
     *
     * @throws IllegalArgumentException if they are not those of the same evaluation
     */
    private static List<List<Op>> joined(List<List<Op>> products, List<List<Op>> as) {
        List<List<Op>> joined = new ArrayList<>();
        Iterator<List<Op>> rest = products.iterator();
        for (List<Op> product : as) {
            List<Op> made = new ArrayList<>();
            while (flops(made) < flops(product) && rest.hasNext()) {
                made.addAll(rest.next());
            }
            if (flops(made) < flops(product)) {
                throw new IllegalArgumentException(flops(product) + " FLOP here, " + flops(made) + " there");
            }
            joined.add(made);
        }
        if (rest.hasNext()) {
            throw new IllegalArgumentException(as.size() + " products here, more there");
        }
        return joined;
    }

    private static long flops(List<Op> ops) {
        return ops.stream().mapToLong(Op::flops).sum();
    }

    private double cold(List<Op> ops) {
        return new RepeatedLaunch(device.gpu(), ops).cold();
    }
}
