package org.diffusionclassifier.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.diffusionclassifier.catalog.ListedModel.Place;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.checkpoint.SmallModel;
import org.diffusionclassifier.convert.Converter;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is here, whether it loads, and what goes with it. */
class LocalModelsTest {

    private static final String COMMIT = "a".repeat(40);
    private static final String OLD = "b".repeat(40);
    private static final String FAMILY = "Stable Diffusion";

    @TempDir
    Path folder;

    private CacheFixture fixture;
    private Path models;

    @BeforeEach
    void make() throws IOException {
        fixture = new CacheFixture(folder);
        models = Files.createDirectories(fixture.work().resolve("models"));
    }

    private List<ListedModel> list() {
        return new LocalModels(fixture.names()).list();
    }

    private ListedModel listed(String name) {
        return list().stream().filter(model -> model.name().equals(name)).findFirst().orElseThrow();
    }

    private String fault(String name) {
        return listed(name).fault().orElseThrow().getMessage();
    }

    private Path directory() throws IOException {
        return new SmallModel(false).directory(folder.resolve("source"), DType.F32);
    }

    private Path converted(Path file) throws IOException {
        try (var checkpoint = Checkpoint.open(ModelSpec.of(directory()))) {
            new Converter(checkpoint, ModelFamily.of(checkpoint).layout(checkpoint),
                    new Converter.Options(DType.F16, false, false)).write(file, done -> { });
        }
        return file;
    }

    @Test
    void onlyTheBundledModel() {
        var models = list();
        assertEquals(1, models.size());
        assertEquals("demo", models.get(0).name());
        assertEquals(Place.BUNDLED, models.get(0).place());
        assertTrue(models.get(0).bytes() > 10_000_000);     // of its weights in f16
        assertTrue(models.get(0).fault().isEmpty());
    }

    @Test
    void filesThatAreModels() throws IOException {
        Path small = converted(models.resolve("small.safetensors"));
        Files.copy(small, fixture.work().resolve("here.safetensors"));
        Fixtures.safetensors(fixture.work().resolve("lora.safetensors"),
                "{\"a.lora_A.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", new byte[4]);
        byte[] bytes = Files.readAllBytes(small);
        Files.write(models.resolve("cut.safetensors"), Arrays.copyOf(bytes, bytes.length / 2));
        Files.writeString(models.resolve("notes.txt"), "x");
        assertEquals(List.of("demo", "here", "cut", "small"), list().stream().map(ListedModel::name).toList());
        assertEquals(new ListedModel("small", Place.FILE, small, bytes.length, Optional.of(FAMILY),
                Optional.empty()), listed("small"));
        assertTrue(fault("cut").contains("cut.safetensors"), fault("cut"));
        // Two of one name are listed by what finds each.
        Files.copy(small, fixture.work().resolve("small.safetensors"));
        var names = list().stream().map(ListedModel::name).toList();
        assertTrue(names.contains(small.toString()) && !names.contains("small"), names.toString());
    }

    @Test
    void theHubsCache() throws IOException {
        Path snapshot = fixture.snapshot("org/whole", COMMIT, "main", directory());
        fixture.snapshot("org/whole", OLD, "v1", directory());
        var whole = listed("org/whole");
        assertEquals(snapshot, whole.path());
        assertEquals(FAMILY, whole.family().orElseThrow());
        assertTrue(whole.fault().isEmpty() && listed("org/whole@v1").fault().isEmpty());

        Files.delete(snapshot.resolve("vae/config.json"));
        assertTrue(fault("org/whole").contains("vae"), fault("org/whole"));

        fixture.add("org/text", COMMIT, "pytorch_model.bin", new byte[1]);
        assertEquals("no model: no model_index.json, and no file of weights", fault("org/text@aaaaaaaa"));

        Path broken = fixture.add("org/broken", COMMIT, "x", new byte[1]);
        Files.delete(broken.resolve("x").toRealPath());
        assertTrue(fault("org/broken@aaaaaaaa").contains("missing from the cache"));

        Files.createDirectories(fixture.cache().resolve("models--org--begun/blobs"));
        assertEquals("nothing of it has arrived yet", fault("org/begun"));
        assertEquals(List.of("demo", "org/broken@aaaaaaaa", "org/text@aaaaaaaa", "org/whole", "org/whole@v1"),
                new LocalModels(fixture.names()).names());
    }

    @Test
    void filesOfARepository() throws IOException {
        byte[] lora = Files.readAllBytes(Fixtures.safetensors(folder.resolve("lora"),
                "{\"a.lora_A.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", new byte[4]));
        for (int shard = 1; shard <= 3; shard++) {
            fixture.add("org/files", COMMIT, "model-" + shard + ".safetensors", lora);
        }
        fixture.refer("org/files", COMMIT, "main");
        assertEquals("no model: none of its 3 files of weights is one", fault("org/files"));
        fixture.add("org/files", COMMIT, "sd/v1.safetensors",
                Files.readAllBytes(converted(folder.resolve("v1.safetensors"))));
        assertTrue(listed("org/files:sd/v1.safetensors").fault().isEmpty());
        assertEquals(2, list().size());
    }

    /** A tensor's shape is in the header, so that what does not fit is known before anything is loaded. */
    @Test
    void weightsThatDoNotFitTheirConfiguration() throws IOException {
        Path source = directory();
        Path config = source.resolve("unet/config.json");
        Files.writeString(config, Files.readString(config).replace("\"cross_attention_dim\":64",
                "\"cross_attention_dim\":128"));
        fixture.snapshot("org/model", COMMIT, "main", source);
        assertTrue(fault("org/model").contains("128"), fault("org/model"));
    }

    @Test
    void aSingleFileLoadsWhenItsTokenizerIsHere() throws IOException {
        PytorchFixture.write(new SmallModel(false, 768).original(), models.resolve("v1.ckpt"));
        String fault = fault("v1.ckpt");
        assertTrue(fault.startsWith("tokenizer: expected") && fault.endsWith("diffusion-classifier pull --tokenizer "
                + "FILE gets the one of openai/clip-vit-large-patch14"), fault);
        fixture.snapshot("openai/clip-vit-large-patch14", COMMIT, "main", directory().resolve("tokenizer"));
        assertTrue(listed("v1.ckpt").fault().isEmpty());
    }

    @Test
    void removals() throws IOException {
        Path file = Files.write(models.resolve("sd2.safetensors"), new byte[100]);
        Path outside = Files.write(folder.resolve("outside.safetensors"), new byte[100]);
        assertEquals(100, ModelRemoval.of(fixture.names(), "sd2").removal().bytes());
        assertEquals(file.toString(), ModelRemoval.of(fixture.names(), "sd2").what());
        ModelRemoval.of(fixture.names(), "models/sd2.safetensors").run();
        assertFalse(Files.exists(file));
        for (String name : List.of("sd2", outside.toString(), "../outside.safetensors", "../outside", "demo", "/",
                "")) {
            assertTrue(Fixtures.inputError(() -> ModelRemoval.of(fixture.names(), name)).startsWith(name + ": "));
        }
        Files.createDirectory(models.resolve("folder"));
        assertEquals(models.resolve("folder") + ": expected a model's file to remove, found a folder",
                Fixtures.inputError(() -> ModelRemoval.of(fixture.names(), "folder")));
        Files.createSymbolicLink(models.resolve("link.safetensors"), outside);
        var link = ModelRemoval.of(fixture.names(), "link");
        assertEquals(0, link.removal().bytes());
        link.run();
        assertTrue(Files.exists(outside) && Files.notExists(models.resolve("link.safetensors")));
    }

    @Test
    void aRevisionGoesWithWhatNoOtherNeeds() throws IOException {
        fixture.snapshot("org/model", COMMIT, "main", Files.writeString(folder.resolve("a.ckpt"), "new").getParent());
        Path old = fixture.add("org/model", OLD, "a.ckpt", new byte[50]);
        fixture.refer("org/model", OLD, "v1");
        Path shared = old.resolveSibling(COMMIT).resolve("a.ckpt").toRealPath();
        Files.createSymbolicLink(old.resolve("b.ckpt"), old.relativize(shared));
        var removal = ModelRemoval.of(fixture.names(), "org/model@v1");
        assertEquals(1, removal.removal().shared().size());
        assertEquals(List.of(COMMIT), removal.removal().shared().get(0).commits());
        removal.run();
        assertTrue(Files.exists(shared) && Files.notExists(old));
        assertTrue(fixture.names().find("org/model").isPresent());
        ModelRemoval.of(fixture.names(), "org/model").run();
        assertFalse(Files.exists(fixture.cache().resolve("models--org--model")));
        assertTrue(Fixtures.inputError(() -> ModelRemoval.of(fixture.names(), "org/model")).contains("nor a model in"));
    }
}
