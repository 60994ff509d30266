package org.diffusionclassifier.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.UNetConfig.Added;
import org.diffusionclassifier.config.UNetConfig.BlockKind;
import org.diffusionclassifier.config.UNetConfig.MidBlock;
import org.diffusionclassifier.tensor.InputException;

/** The UNets of published models as they are configured, by short names. */
public final class PublishedUNets {

    private static final BlockKind ATTENDS = BlockKind.CROSS_ATTENTION;
    private static final BlockKind PLAIN = BlockKind.PLAIN;
    private static final Map<String, UNetConfig> ALL = new LinkedHashMap<>();

    static {
        UNetConfig sd15 = stableDiffusion(64, 2, List.of(8, 8, 8, 8), 768, false, false);
        ALL.put("sd-1.5", sd15);
        ALL.put("sd-2-base", stableDiffusion(64, 2, List.of(5, 10, 20, 20), 1024, true, false));
        ALL.put("sd-2.1", stableDiffusion(96, 2, List.of(5, 10, 20, 20), 1024, true, true));
        ALL.put("sd-turbo", stableDiffusion(64, 2, List.of(5, 10, 20, 20), 1024, true, false));
        ALL.put("bk-sdm-base", stableDiffusion(64, 1, List.of(8, 8, 8, 8), 768, false, false));
        ALL.put("bk-sdm-small", changed(ALL.get("bk-sdm-base"), MidBlock.NONE, 0));
        ALL.put("bk-sdm-tiny", changed(new UNetConfig(64, 4, 4, List.of(320, 640, 1280),
                List.of(ATTENDS, ATTENDS, ATTENDS), List.of(ATTENDS, ATTENDS, ATTENDS), List.of(1, 1, 1),
                List.of(8, 8, 8), List.of(1, 1, 1), 768, 32, 1e-5f, false, true, 0, false), MidBlock.NONE, 0));
        ALL.put("lcm", changed(sd15, MidBlock.CROSS_ATTENTION, 256));
        ALL.put("sdxl", sdxl(128, 2, levels(2, 2, 10), MidBlock.CROSS_ATTENTION));
        ALL.put("sdxl-turbo", sdxl(64, 2, levels(2, 2, 10), MidBlock.CROSS_ATTENTION));
        ALL.put("ssd-1b", sdxl(128, 2, new TransformerDepths(List.of(List.of(0, 0), List.of(2, 2), List.of(4, 4)), 0,
                List.of(List.of(4, 4, 10), List.of(2, 1, 1), List.of(0, 0, 0))), MidBlock.PLAIN));
        ALL.put("segmind-vega", sdxl(128, 2, new TransformerDepths(List.of(List.of(0, 0), List.of(1, 1),
                List.of(2, 2)), 0, List.of(List.of(2, 2, 2), List.of(1, 1, 1), List.of(0, 0, 0))), MidBlock.PLAIN));
        ALL.put("koala-700m", sdxl(128, 1, new TransformerDepths(List.of(List.of(0), List.of(2), List.of(5)), 0,
                List.of(List.of(5, 5), List.of(2, 2), List.of(0, 0))), MidBlock.NONE));
        ALL.put("koala-1b", sdxl(128, 1, levels(1, 2, 6), MidBlock.CROSS_ATTENTION));
    }

    private PublishedUNets() {
    }

    public static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    /** @throws InputException if there is none of that name */
    public static UNetConfig of(String name) {
        if (!ALL.containsKey(name)) {
            throw new InputException("expected one of " + String.join(", ", ALL.keySet()) + ", found " + name);
        }
        return ALL.get(name);
    }

    private static UNetConfig stableDiffusion(int sampleSize, int layers, List<Integer> heads, int contextWidth,
                                              boolean linearProjection, boolean upcastAttention) {
        return new UNetConfig(sampleSize, 4, 4, List.of(320, 640, 1280, 1280),
                List.of(ATTENDS, ATTENDS, ATTENDS, PLAIN), List.of(PLAIN, ATTENDS, ATTENDS, ATTENDS),
                Collections.nCopies(4, layers), heads, List.of(1, 1, 1, 1), contextWidth, 32, 1e-5f, linearProjection,
                true, 0, upcastAttention);
    }

    /** Depths of SDXL's two levels with attention; the lower one's is the mid block's, too. */
    private static TransformerDepths levels(int layers, int upper, int lower) {
        return TransformerDepths.ofLevels(List.of(0, upper, lower), List.of(PLAIN, ATTENDS, ATTENDS),
                List.of(ATTENDS, ATTENDS, PLAIN), Collections.nCopies(3, layers), MidBlock.CROSS_ATTENTION);
    }

    private static UNetConfig sdxl(int sampleSize, int layers, TransformerDepths depths, MidBlock mid) {
        return new UNetConfig(sampleSize, 4, 4, List.of(320, 640, 1280), List.of(PLAIN, ATTENDS, ATTENDS),
                List.of(ATTENDS, ATTENDS, PLAIN), Collections.nCopies(3, layers), List.of(5, 10, 20), mid, depths, 2048,
                32, 1e-5f, true, true, 0, false, 0, new Added(1280, 256));
    }

    private static UNetConfig changed(UNetConfig c, MidBlock mid, int guidanceWidth) {
        TransformerDepths depths = new TransformerDepths(c.depths().down(), mid == MidBlock.CROSS_ATTENTION
                ? c.depths().mid() : 0, c.depths().up());
        return new UNetConfig(c.sampleSize(), c.inChannels(), c.outChannels(), c.blockOutChannels(), c.down(), c.up(),
                c.layersPerBlock(), c.heads(), mid, depths, c.crossAttentionDim(), c.normGroups(), c.normEps(),
                c.linearProjection(), c.flipSinToCos(), c.freqShift(), c.upcastAttention(), guidanceWidth, null);
    }
}
