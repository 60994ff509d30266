package org.diffusionclassifier.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.diffusionclassifier.hub.Selection.Precision;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Test;

import static org.diffusionclassifier.hub.HubServer.COMMIT;
import static org.diffusionclassifier.hub.HubServer.MODEL;
import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * What is taken of the public repositories, whose lists of files are in the resources as {@code SIZE PATH}. Sizes below
 * a megabyte stand there as 1000.
 */
class SelectionTest {

    private static final List<String> CLIP = List.of("merges.txt", "special_tokens_map.json", "tokenizer_config.json",
            "vocab.json");

    private static RemoteRepository of(String... paths) {
        var files = new ArrayList<RemoteFile>();
        for (String path : paths) {
            files.add(new RemoteFile(path, 1000, Optional.empty()));
        }
        return repository(files);
    }

    private static RemoteRepository repository(List<RemoteFile> files) {
        return new RemoteRepository(MODEL, Revision.MAIN, COMMIT, files, Optional.empty(), RemoteRepository.Gate.NONE);
    }

    private static RemoteRepository published(String name) throws IOException {
        var files = new ArrayList<RemoteFile>();
        for (String line : Files.readAllLines(Fixtures.resource("hub/" + name + ".txt"))) {
            int space = line.indexOf(' ');
            files.add(new RemoteFile(line.substring(space + 1), Long.parseLong(line.substring(0, space)),
                    Optional.empty()));
        }
        return repository(files);
    }

    private static List<String> paths(Selection selection) {
        return selection.files().stream().map(RemoteFile::path).toList();
    }

    /** The paths in the order in which a selection has them: folders sorted, {@code tokenizer*} filled in. */
    private static List<String> expected(String... paths) {
        var expected = new ArrayList<>(List.of("model_index.json", "scheduler/scheduler_config.json"));
        for (String path : paths) {
            if (path.endsWith("/")) {
                CLIP.forEach(name -> expected.add(path + name));
            } else {
                expected.add(path);
            }
        }
        return expected;
    }

    @Test
    void stableDiffusion() throws IOException {
        for (String name : new String[] {"stable-diffusion-v1-5", "stable-diffusion-2-base", "stable-diffusion-2-1"}) {
            assertEquals(expected("text_encoder/config.json", "text_encoder/model.fp16.safetensors", "tokenizer/",
                    "unet/config.json", "unet/diffusion_pytorch_model.fp16.safetensors",
                    "vae/config.json", "vae/diffusion_pytorch_model.fp16.safetensors"),
                    paths(Selection.model(published(name), Precision.FP16)), name);
            assertEquals(expected("text_encoder/config.json", "text_encoder/model.safetensors", "tokenizer/",
                    "unet/config.json", "unet/diffusion_pytorch_model.safetensors",
                    "vae/config.json", "vae/diffusion_pytorch_model.safetensors"),
                    paths(Selection.model(published(name), Precision.FULL)), name);
        }
        // 680820392 + 1731927776 + 167335342 of weights, 1059962 of vocabulary, and eight small files
        assertEquals(2_581_143_472L + 8000,
                Selection.model(published("stable-diffusion-2-base"), Precision.FP16).bytes());
    }

    @Test
    void dit() throws IOException {
        for (Precision precision : Precision.values()) {
            assertEquals(expected("transformer/config.json", "transformer/diffusion_pytorch_model.bin",
                    "vae/config.json", "vae/diffusion_pytorch_model.bin"),
                    paths(Selection.model(published("DiT-XL-2-256"), precision)));
        }
    }

    @Test
    void stableDiffusionXl() throws IOException {
        assertEquals(expected("text_encoder/config.json", "text_encoder/model.fp16.safetensors",
                "text_encoder_2/config.json", "text_encoder_2/model.fp16.safetensors", "tokenizer/", "tokenizer_2/",
                "unet/config.json", "unet/diffusion_pytorch_model.fp16.safetensors",
                "vae/config.json", "vae/diffusion_pytorch_model.fp16.safetensors"),
                paths(Selection.model(published("stable-diffusion-xl-base-1.0"), Precision.FP16)));
    }

    @Test
    void stableDiffusion3() throws IOException {
        assertEquals(expected("text_encoder/config.json", "text_encoder/model.fp16.safetensors",
                "text_encoder_2/config.json", "text_encoder_2/model.fp16.safetensors",
                "text_encoder_3/config.json", "text_encoder_3/model.safetensors.index.fp16.json",
                "text_encoder_3/model.fp16-00001-of-00002.safetensors",
                "text_encoder_3/model.fp16-00002-of-00002.safetensors", "tokenizer/", "tokenizer_2/",
                "tokenizer_3/special_tokens_map.json", "tokenizer_3/spiece.model", "tokenizer_3/tokenizer.json",
                "tokenizer_3/tokenizer_config.json",
                "transformer/config.json", "transformer/diffusion_pytorch_model.safetensors",
                "vae/config.json", "vae/diffusion_pytorch_model.safetensors"),
                paths(Selection.model(published("stable-diffusion-3-medium-diffusers"), Precision.FP16)));
        var full = paths(Selection.model(published("stable-diffusion-3-medium-diffusers"), Precision.FULL));
        assertEquals(List.of("text_encoder_3/config.json", "text_encoder_3/model.safetensors.index.json",
                "text_encoder_3/model-00001-of-00002.safetensors", "text_encoder_3/model-00002-of-00002.safetensors"),
                full.stream().filter(path -> path.startsWith("text_encoder_3/")).toList());
    }

    @Test
    void shardsInBothNamings() {
        assertEquals(List.of("model_index.json", "unet/diffusion_pytorch_model.fp16.safetensors.index.json",
                "unet/diffusion_pytorch_model-00001-of-00001.fp16.safetensors"),
                paths(Selection.model(of("model_index.json",
                        "unet/diffusion_pytorch_model-00001-of-00001.fp16.safetensors",
                        "unet/diffusion_pytorch_model-00001-of-00001.safetensors",
                        "unet/diffusion_pytorch_model.fp16.safetensors.index.json"), Precision.FP16)));
        // An index without shards is of no use; safetensors come before pickles, whatever their precision.
        assertEquals(List.of("model_index.json", "vae/diffusion_pytorch_model.safetensors"),
                paths(Selection.model(of("model_index.json", "vae/diffusion_pytorch_model.fp16.bin",
                        "vae/diffusion_pytorch_model.safetensors",
                        "vae/diffusion_pytorch_model.safetensors.index.fp16.json"), Precision.FP16)));
    }

    @Test
    void aComponentWithoutWeightsIsRefused() {
        assertEquals("org/model: unet: no diffusion_pytorch_model.safetensors or diffusion_pytorch_model.bin, nor a "
                + "fp16 variant or shards of these", Fixtures.inputError(() -> Selection.model(of("model_index.json",
                        "unet/config.json", "unet/diffusion_flax_model.msgpack"), Precision.FULL)));
    }

    @Test
    void aSingleFileIsFoundOrNamed() {
        assertEquals(List.of("a.ckpt"), paths(Selection.model(of("README.md", "a.ckpt", "a.yaml"), Precision.FP16)));
        assertEquals(List.of("a.safetensors"),
                paths(Selection.model(of("a.ckpt", "a.safetensors"), Precision.FP16)));
        var several = of("a.ckpt", "x/b.safetensors", "c.txt");
        assertEquals("org/model: expected model_index.json or one file of weights, found a.ckpt, x/b.safetensors; say "
                + "which", Fixtures.inputError(() -> Selection.model(several, Precision.FP16)));
        assertEquals(List.of("c.txt"), paths(Selection.file(several, "c.txt")));
        assertEquals("org/model: no file \"d\", found a.ckpt, x/b.safetensors",
                Fixtures.inputError(() -> Selection.file(several, "d")));
        assertEquals("org/model: expected model_index.json or one file of weights, found none",
                Fixtures.inputError(() -> Selection.model(of(), Precision.FP16)));
    }

    @Test
    void tokenizers() throws IOException {
        var repository = published("stable-diffusion-xl-base-1.0");
        assertEquals(CLIP.stream().map("tokenizer_2/"::concat).toList(),
                paths(Selection.tokenizer(repository, "tokenizer_2")));
        assertEquals(List.of("vocab.json", "merges.txt"),
                paths(Selection.tokenizer(of("vocab.json", "merges.txt", "model.safetensors"), "")));
        assertEquals("org/model: no tokenizer in its root",
                Fixtures.inputError(() -> Selection.tokenizer(repository, "")));
    }
}
