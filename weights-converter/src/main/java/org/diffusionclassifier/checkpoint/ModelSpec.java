package org.diffusionclassifier.checkpoint;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.tensor.InputException;

/**
 * Which model, and what its files do not say of it. Which of the fields suit a model depends on its form, so that
 * {@link Checkpoint#open} and the model's family refuse those that do not.
 *
 * @param path      a converted file, a diffusers directory, or one file in an original naming; null for the
 *                  bundled model, or one of random weights
 * @param tokenizer of Stable Diffusion in the original naming: the folder of the tokenizer's files, or its
 *                  {@code tokenizer.json}; else null
 * @param vae       the folder of an autoencoder in diffusers' form, for a DiT that has none or instead of its own; else
 *                  null
 * @param labels    a file with the names of the labels, one a line; else null
 * @param imageSize of Stable Diffusion in the original naming: height and width of its training images; null for
 *                  {@link #DEFAULT_IMAGE_SIZE}, of SDXL 1024
 * @param predicts  what the UNet of a Stable Diffusion predicts, whatever its files say; null for what they say, else ε
 * @param ema       of Stable Diffusion in the original naming: whether to take the weights averaged over training
 * @param loras     what is added to the weights
 * @param embeddings tokens that are added to the tokenizer and the text encoder
 * @param variant   of a diffusers directory: which of several weights, as {@code fp16}; null for the plain ones
 * @param textEncoders which text encoders, and where they are
 */
public record ModelSpec(Path path, Path tokenizer, Path vae, Path labels, Integer imageSize, PredictionType predicts,
                        boolean ema, List<LoraSpec> loras, List<EmbeddingSpec> embeddings, String variant,
                        TextEncoderSpec textEncoders) {

    /** Pixels. */
    public static final int DEFAULT_IMAGE_SIZE = 512;

    /** What a variant may be called: part of the name of a file. */
    static final String VARIANT_NAME = "[A-Za-z0-9_-]+";

    /**
     * A LoRA.
     *
     * @param scale how much of it is added: 1 for what it was trained as
     */
    public record LoraSpec(Path file, float scale) {

        /** @throws InputException unless the scale is a finite number */
        public LoraSpec {
            Objects.requireNonNull(file);
            if (!Float.isFinite(scale)) {
                throw InputException.of("%s: expected a finite scale of %s, found %s",
                        InputException.field("loras"), file, scale);
            }
        }

        /** {@code FILE:SCALE}, or {@code FILE} for a scale of 1. */
        @Override
        public String toString() {
            return file + (scale == 1 ? "" : ":" + scale);
        }
    }

    /**
     * What textual inversion learned: see {@link TextualInversion}.
     *
     * @param token what stands for it in a caption; null for what the file says, else the file's name
     */
    public record EmbeddingSpec(Path file, String token) {

        /** @throws InputException for a token that is blank */
        public EmbeddingSpec {
            Objects.requireNonNull(file);
            if (token != null && token.isBlank()) {
                throw InputException.of("%s: expected a token for %s, found a blank",
                        InputException.field("embeddings"), file);
            }
        }

        /** {@code FILE:TOKEN}, or {@code FILE}. */
        @Override
        public String toString() {
            return file + (token == null ? "" : ":" + token);
        }
    }

    /**
     * The text encoders of a model that can have several.
     *
     * @param folder   has {@code text_encoder}, {@code text_encoder_2}, {@code tokenizer} and so on, in diffusers' form,
     *                 instead of the model's; null for the model's
     * @param t5       whether Stable Diffusion 3's T5 is used where there is one
     * @param t5Tokens in a sequence of T5's, or as many zeros where it is not
     */
    public record TextEncoderSpec(Path folder, boolean t5, int t5Tokens) {

        /** The model's, all there are, T5's sequences as long as in the reference pipeline. */
        public static final TextEncoderSpec ALL = new TextEncoderSpec(null, true, 256);

        /** As many as Stable Diffusion 3 was trained with, and a good deal more. */
        private static final int MOST_TOKENS = 512;

        /** @throws InputException for a number of tokens that there cannot be */
        public TextEncoderSpec {
            if (t5Tokens < 2 || t5Tokens > MOST_TOKENS) {
                throw InputException.of("%s: expected 2 to %d, found %d", InputException.field("t5Tokens"), MOST_TOKENS,
                        t5Tokens);
            }
        }

        /** Adds what errors depend on where it is not as usual. */
        private void describe(Map<String, String> settings) {
            if (folder != null) {
                settings.put("text-encoders", absolute(folder));
            }
            if (!t5) {
                settings.put("text-encoders", "clip");
            }
            if (t5Tokens != ALL.t5Tokens) {
                settings.put("t5-tokens", Integer.toString(t5Tokens));
            }
        }
    }

    /** With all of the model's own text encoders. */
    public ModelSpec(Path path, Path tokenizer, Path vae, Path labels, Integer imageSize, PredictionType predicts,
                     boolean ema, List<LoraSpec> loras, List<EmbeddingSpec> embeddings, String variant) {
        this(path, tokenizer, vae, labels, imageSize, predicts, ema, loras, embeddings, variant, TextEncoderSpec.ALL);
    }

    /** @throws InputException for an image size below 1, or a variant that is no part of a file's name */
    public ModelSpec {
        loras = List.copyOf(loras);
        embeddings = List.copyOf(embeddings);
        if (imageSize != null && imageSize < 1) {
            throw InputException.of("%s: expected at least 1, found %d", InputException.field("imageSize"), imageSize);
        }
        if (variant != null && !variant.matches(VARIANT_NAME)) {
            throw InputException.of("%s: expected letters, digits, - and _, found %s", InputException.field("variant"),
                    InputException.quoted(variant));
        }
    }

    /** The bundled model. */
    public static ModelSpec bundled() {
        return of(null);
    }

    /** A model of which nothing is said but where it is. */
    public static ModelSpec of(Path path) {
        return new ModelSpec(path, null, null, null, null, null, false, List.of(), List.of(), null);
    }

    /** The same at another place. */
    public ModelSpec at(Path other) {
        return new ModelSpec(other, tokenizer, vae, labels, imageSize, predicts, ema, loras, embeddings, variant,
                textEncoders);
    }

    /** The same with a tokenizer. */
    public ModelSpec withTokenizer(Path folder) {
        return new ModelSpec(path, folder, vae, labels, imageSize, predicts, ema, loras, embeddings, variant,
                textEncoders);
    }

    /** The same for training images of another size. */
    public ModelSpec withImageSize(int pixels) {
        return new ModelSpec(path, tokenizer, vae, labels, pixels, predicts, ema, loras, embeddings, variant,
                textEncoders);
    }

    /** The same with a LoRA more. */
    public ModelSpec with(LoraSpec lora) {
        return new ModelSpec(path, tokenizer, vae, labels, imageSize, predicts, ema,
                Stream.concat(loras.stream(), Stream.of(lora)).toList(), embeddings, variant, textEncoders);
    }

    /** The same with an embedding more. */
    public ModelSpec with(EmbeddingSpec embedding) {
        return new ModelSpec(path, tokenizer, vae, labels, imageSize, predicts, ema, loras,
                Stream.concat(embeddings.stream(), Stream.of(embedding)).toList(), variant, textEncoders);
    }

    /** The same with other text encoders. */
    public ModelSpec with(TextEncoderSpec others) {
        return new ModelSpec(path, tokenizer, vae, labels, imageSize, predicts, ema, loras, embeddings, variant, others);
    }

    /** @throws InputException if what only a model conditioned on labels has a use for is said of one of captions */
    public void refuseLabels() {
        if (vae != null) {
            throw InputException.of("%s: expected with a DiT, as other models have their own",
                    InputException.field("vae"));
        }
        if (labels != null) {
            throw InputException.of("%s: expected with a model that is conditioned on labels, a DiT, as others are on "
                    + "captions", InputException.field("labels"));
        }
    }

    /** Adds what errors depend on, by name. */
    public void describe(Map<String, String> settings) {
        settings.put("model", path == null ? "bundled" : absolute(path));
        if (tokenizer != null) {
            settings.put("tokenizer", absolute(tokenizer));
            settings.put("image-size", Integer.toString(imageSizeOrDefault()));
            settings.put("ema", Boolean.toString(ema));
        }
        if (predicts != null) {
            settings.put("predicts", predicts == PredictionType.EPSILON ? "epsilon" : "v");
        }
        if (!loras.isEmpty()) {
            settings.put("lora", loras.stream().map(String::valueOf).collect(Collectors.joining(", ")));
        }
        if (!embeddings.isEmpty()) {
            settings.put("embedding", embeddings.stream().map(String::valueOf).collect(Collectors.joining(", ")));
        }
        if (vae != null) {
            settings.put("vae", absolute(vae));
        }
        if (variant != null) {
            settings.put("variant", variant);
        }
        textEncoders.describe(settings);
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().normalize().toString();
    }

    /** Whether something is said that only Stable Diffusion in the original naming does not say itself. */
    boolean completesStableDiffusion() {
        return tokenizer != null || imageSize != null || ema;
    }

    /** @throws InputException if {@link #completesStableDiffusion} */
    void refuseCompletion() {
        if (completesStableDiffusion()) {
            throw InputException.of("%s, %s and %s: expected with Stable Diffusion as one file in the original naming, "
                    + "not with a DiT, nor with a model in another form, which says these itself",
                    InputException.field("tokenizer"), InputException.field("imageSize"), InputException.field("ema"));
        }
    }

    /** @throws InputException if a variant is asked for, which only a directory has */
    void refuseVariant() {
        if (variant != null) {
            throw InputException.of("%s: expected with a diffusers directory, found it with a model in another form",
                    InputException.field("variant"));
        }
    }

    /** As {@link #imageSize}, but for the default. */
    public int imageSizeOrDefault() {
        return imageSize == null ? DEFAULT_IMAGE_SIZE : imageSize;
    }
}
