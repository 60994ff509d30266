package org.diffusionclassifier.checkpoint;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/**
 * A checkpoint with tokens added to its tokenizer, and their vectors as more rows of its text encoder's table: see
 * {@link TextualInversion}. Behind it they are tokens like any other.
 */
public final class EmbeddingCheckpoint implements CheckpointView {

    private static final String TEXT_ENCODER = "text_encoder";
    private static final String TOKENIZER = "tokenizer";
    private static final String TABLE = "embeddings.token_embedding.weight";

    private final Checkpoint base;
    private final List<TextualInversion> embeddings = new ArrayList<>();
    private final Component textEncoder;
    private final TokenizerTables tokenizer;

    private EmbeddingCheckpoint(Checkpoint base, List<ModelSpec.EmbeddingSpec> specs) {
        this.base = base;
        Component component = base.component(TEXT_ENCODER);
        ClipTextConfig config = ClipTextConfig.read(component.config());
        component.weights().require(TABLE, config.vocabSize(), config.width());
        TokenizerTables tables = base.tokenizer(TOKENIZER);
        Map<String, Integer> ids = new LinkedHashMap<>();
        var rows = new ArrayList<float[]>();
        for (ModelSpec.EmbeddingSpec spec : specs) {
            TextualInversion embedding = TextualInversion.open(spec, config.width());
            embeddings.add(embedding);
            for (String token : embedding.tokens()) {
                if (tables.hasToken(token) || ids.putIfAbsent(token, config.vocabSize() + ids.size()) != null) {
                    throw InputException.of("%s: expected a token that the model does not have for %s, found %s, which "
                            + "it has", InputException.field("embeddings"), spec.file(), InputException.quoted(token));
                }
            }
        }
        embeddings.forEach(embedding -> rows.addAll(List.of(embedding.vectors())));
        tokenizer = tables.with(ids);
        textEncoder = new Component(component.config().with("vocab_size", config.vocabSize() + rows.size()),
                () -> new Extended(component.weights(), config.vocabSize(), config.width(), rows));
    }

    /**
     * A checkpoint with these embeddings; the checkpoint itself if there are none.
     *
     * @throws InputException if one cannot be read, is of another width than the model, or its token exists already
     */
    static Checkpoint of(Checkpoint base, List<ModelSpec.EmbeddingSpec> embeddings) {
        if (embeddings.isEmpty()) {
            return base;
        }
        if (!base.components().contains(TEXT_ENCODER)) {
            throw InputException.of("%s: expected with Stable Diffusion, not with a DiT",
                    InputException.field("embeddings"));
        }
        if (base.components().contains(TEXT_ENCODER + "_2")) {
            throw InputException.of("%s: expected with Stable Diffusion 1 or 2, not with SDXL, whose embeddings have a "
                    + "vector for each of two text encoders", InputException.field("embeddings"));
        }
        return new EmbeddingCheckpoint(base, embeddings);
    }

    @Override
    public Checkpoint base() {
        return base;
    }

    @Override
    public Component component(String name) {
        return name.equals(TEXT_ENCODER) ? textEncoder : base.component(name);
    }

    @Override
    public TokenizerTables tokenizer(String name) {
        return name.equals(TOKENIZER) ? tokenizer : base.tokenizer(name);
    }

    @Override
    public List<String> embeddedTokens() {
        return embeddings.stream().map(TextualInversion::token).toList();
    }

    /** The base's, with a note of what was added. */
    @Override
    public Map<String, Origin> origins(Layout layout) {
        var origins = new LinkedHashMap<>(base.origins(layout));
        origins.computeIfPresent(ConvertedFile.SOURCE, (key, origin) -> origin.noted("embedding", embeddings.stream()
                .map(embedding -> Map.of("name", embedding.file().getFileName().toString(), "token", embedding.token(),
                        "vectors", embedding.vectors().length, "sha256", embedding.sha256())).toList()));
        return origins;
    }

    /** Weights whose table of tokens [first, width] has more rows, and is of float32. */
    private record Extended(Weights base, int first, int width, List<float[]> rows) implements WeightsView {

        @Override
        public List<Integer> shape(String name) {
            return name.equals(TABLE) ? List.of(first + rows.size(), width) : base.shape(name);
        }

        @Override
        public DType dtype(String name) {
            return name.equals(TABLE) ? DType.F32 : base.dtype(name);
        }

        @Override
        public void readStored(String name, long from, ByteBuffer destination) {
            if (!name.equals(TABLE)) {
                base.readStored(name, from, destination);
                return;
            }
            var values = new float[destination.remaining() / Float.BYTES];
            int old = (int) Math.max(0, Math.min(values.length, (long) first * width - from));
            if (old > 0) {
                base.read(name, from, FloatBuffer.wrap(values, 0, old));
            }
            for (int i = old; i < values.length; i++) {
                int at = (int) (from + i - (long) first * width);
                values[i] = rows.get(at / width)[at % width];
            }
            WeightsView.store(values, destination);
        }

        @Override
        public void close() {
        }
    }
}
