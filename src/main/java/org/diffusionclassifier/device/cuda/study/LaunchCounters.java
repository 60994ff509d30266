package org.diffusionclassifier.device.cuda.study;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/**
 * What the emulated card counted of a launch; of a whole grid, by what a sample of its blocks did.
 *
 * @param mmaFlops         issued by tensor-core instructions, padding included
 * @param globalBytes      asked of device memory by threads, read and written
 * @param sectorEfficiency bytes used of the 32-byte sectors that requests touch, at most 1
 * @param conflictDegree   passes over shared memory's banks for each that the bytes need, at least 1
 * @param wideShare        of the bytes asked of device memory, that part which lanes ask for 16 at a time
 */
public record LaunchCounters(double mmaFlops, double globalBytes, double sectorEfficiency, double conflictDegree,
                             double wideShare) {

    private static final int SECTOR = 32;
    private static final int WIDEST = 16;

    static LaunchCounters of(JsonNode counters) {
        double scale = counters.get("grid_blocks").asDouble() / counters.get("blocks").asDouble();
        double useful = 0;
        double sectors = 0;
        double passes = 0;
        double ideal = 0;
        for (Map.Entry<String, JsonNode> kind : counters.get("kinds").properties()) {
            JsonNode counts = kind.getValue();
            if (kind.getKey().startsWith("device")) {
                useful += counts.get("useful_bytes").asDouble();
                sectors += counts.get("transactions").asDouble();
            } else {
                passes += counts.get("transactions").asDouble();
                ideal += counts.get("ideal").asDouble();
            }
        }
        double asked = 0;
        double wide = 0;
        for (Map.Entry<String, JsonNode> line : counters.get("lines").properties()) {
            JsonNode counts = line.getValue();
            if (line.getKey().contains(" device ")) {
                asked += counts.get("bytes").asDouble();
                wide += counts.get("widest").asInt() == WIDEST ? counts.get("bytes").asDouble() : 0;
            }
        }
        return new LaunchCounters(scale * counters.get("mma_flop").asDouble(),
                scale * (counters.get("global_read_bytes").asDouble() + counters.get("global_written_bytes").asDouble()),
                sectors == 0 ? 1 : useful / (SECTOR * sectors), ideal == 0 ? 1 : passes / ideal,
                asked == 0 ? 1 : wide / asked);
    }
}
