package org.diffusionclassifier.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What names mean, in folders made for it and a cache laid out as the reference does. */
class ModelNamesTest {

    private static final String COMMIT = "a".repeat(40);
    private static final String OLD = "b".repeat(40);

    @TempDir
    Path folder;

    private CacheFixture fixture;
    private ModelNames names;
    private Path work;
    private Path models;

    @BeforeEach
    void make() throws IOException {
        fixture = new CacheFixture(folder);
        names = fixture.names();
        work = fixture.work();
        models = Files.createDirectories(work.resolve("models"));
    }

    private Optional<Path> found(String name) {
        return names.find(name).map(ModelSpec::path);
    }

    private static Path touch(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        return Files.createFile(file);
    }

    @Test
    void demoIsTheBundledModelUnlessThereIsAPathOfThatName() throws IOException {
        assertEquals(Optional.of(ModelSpec.bundled()), names.find("demo"));
        Files.createDirectory(work.resolve("demo"));
        assertEquals(Optional.of(work.resolve("demo")), found("demo"));
    }

    @Test
    void aPathThatExistsIsNothingElse() throws IOException {
        Path path = Files.createDirectories(work.resolve("org/model"));
        fixture.add("org/model", COMMIT, "model.safetensors", new byte[1]);
        fixture.refer("org/model", COMMIT, "main");
        assertEquals(Optional.of(path), found("org/model"));
        touch(work.resolve("sd2"));
        touch(models.resolve("sd2.safetensors"));
        assertEquals(Optional.of(work.resolve("sd2")), found("sd2"));
    }

    @Test
    void filesAreFoundWithAndWithoutTheirSuffix() throws IOException {
        Path here = touch(work.resolve("here.safetensors"));
        Path there = touch(models.resolve("there.safetensors"));
        Path directory = Files.createDirectory(models.resolve("directory"));
        assertEquals(Optional.of(here), found("here"));
        assertEquals(Optional.of(here), found("here.safetensors"));
        assertEquals(Optional.of(there), found("there"));
        assertEquals(Optional.of(there), found("there.safetensors"));
        assertEquals(Optional.of(directory), found("directory"));
        assertEquals(Optional.empty(), found("elsewhere"));
    }

    @Test
    void theFolderOfModelsIsAVariable() throws IOException {
        Path other = touch(folder.resolve("other/sd2.safetensors"));
        touch(models.resolve("sd2.safetensors"));
        names = fixture.names("DIFFUSION_CLASSIFIER_MODELS", other.getParent().toString());
        assertEquals(Optional.of(other), found("sd2"));
        Path here = touch(work.resolve("one.safetensors"));
        names = fixture.names("DIFFUSION_CLASSIFIER_MODELS", ".");
        assertEquals(Optional.of(here), found("one"));      // one file, although two folders have it
    }

    @Test
    void aNameOfSeveralMeaningsIsRefusedWithThem() throws IOException {
        Path here = touch(work.resolve("sd2.safetensors"));
        Path there = touch(models.resolve("sd2.safetensors"));
        assertEquals("sd2: expected one model of that name, found " + here + " and " + there + "; give the path of the "
                + "one that is meant", Fixtures.inputError(() -> names.find("sd2")));
        touch(work.resolve("demo.safetensors"));
        String demo = Fixtures.inputError(() -> names.find("demo"));
        assertTrue(demo.contains("the bundled model") && demo.contains("demo.safetensors"), demo);
    }

    @Test
    void namesOnTheHub() throws IOException {
        Path snapshot = fixture.add("org/model", COMMIT, "model_index.json",
                "{\"unet\": [\"diffusers\", \"UNet2DConditionModel\"], \"safety_checker\": [null, null]}".getBytes());
        fixture.refer("org/model", COMMIT, "main");
        String missing = Fixtures.inputError(() -> names.get("org/model"));
        assertEquals("org/model: no such file or folder, and without its unet in " + fixture.cache()
                + "; diffusion-classifier pull org/model gets it", missing);
        fixture.add("org/model", COMMIT, "unet/config.json", new byte[2]);
        assertEquals(Optional.empty(), found("org/model"));
        fixture.add("org/model", COMMIT, "unet/diffusion_pytorch_model.fp16.safetensors", new byte[1]);
        assertEquals(Optional.of(snapshot), found("org/model"));
        assertEquals(Optional.of(snapshot), found("org/model@main"));
        assertEquals(Optional.of(snapshot), found("org/model@" + COMMIT));
        assertEquals(Optional.of(snapshot), found("org/model@aaaa"));
        assertEquals(Optional.of(snapshot.resolve("unet/config.json")), found("org/model:unet/config.json"));
        assertEquals(Optional.empty(), found("org/model:unet"));
        assertEquals(Optional.empty(), found("org/model@v1"));
        assertEquals(Optional.empty(), found("model"));
    }

    @Test
    void repositoriesOfSingleFiles() throws IOException {
        assertEquals("org/files: no such file or folder, and no such model in " + fixture.cache()
                + "; diffusion-classifier pull org/files gets it", Fixtures.inputError(() -> names.get("org/files")));
        fixture.refer("org/files", COMMIT, "main");
        assertEquals("org/files: main: commit " + COMMIT + " is not in the cache; pull the model again",
                Fixtures.inputError(() -> names.get("org/files")));
        Path snapshot = fixture.add("org/files", COMMIT, "a.safetensors", new byte[1]);
        fixture.add("org/files", COMMIT, "README.md", new byte[1]);
        assertEquals(Optional.of(snapshot.resolve("a.safetensors")), found("org/files"));
        fixture.add("org/files", COMMIT, "b/c.ckpt", new byte[1]);
        assertEquals("org/files: expected one file of a model, found org/files:a.safetensors and org/files:b/c.ckpt; "
                + "give the one that is meant", Fixtures.inputError(() -> names.find("org/files")));
        assertEquals(Optional.of(snapshot.resolve("b/c.ckpt")), found("org/files:b/c.ckpt"));
    }

    @Test
    void aRevisionIsItsOwnSnapshot() throws IOException {
        Path old = fixture.add("org/files", OLD, "a.ckpt", new byte[1]);
        fixture.refer("org/files", OLD, "v1");
        Path snapshot = fixture.add("org/files", COMMIT, "a.ckpt", new byte[2]);
        fixture.refer("org/files", COMMIT, "main");
        assertEquals(Optional.of(old.resolve("a.ckpt")), found("org/files@v1"));
        assertEquals(Optional.of(snapshot.resolve("a.ckpt")), found("org/files"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"nothing", "models/sd2.safetensors", "a/b/c", "./a", "/a/b", "a/", "o/../x",
        "org/a.ckpt"})
    void whatIsNoNameOnTheHubIsNotLookedForThere(String name) {
        // A wrong variable of the Hub's would be complained of.
        names = fixture.names("HF_ENDPOINT", "nonsense");
        assertEquals(name + ": no such file or folder, and no model of that name in " + models + "; "
                + "diffusion-classifier models lists those that are here", Fixtures.inputError(() -> names.get(name)));
    }

    @Test
    void hostileNames() {
        assertTrue(Fixtures.inputError(() -> names.find("a\0b")).contains("\"a\\u0000b\""));
        assertTrue(Fixtures.inputError(() -> names.find("org/model:../../secret")).contains("within a repository"));
        assertTrue(Fixtures.inputError(() -> names.find("org/model@../../x")).contains("revision"));
    }

    /** The widths are the {@code hidden_size} of the public text encoders: CLIP ViT-L/14's and OpenCLIP ViT-H/14's. */
    @Test
    void tokenizersOfTheTwoKinds() throws IOException {
        assertEquals(Optional.empty(), names.tokenizer(768));
        Path clip = fixture.add("openai/clip-vit-large-patch14", COMMIT, "vocab.json", new byte[2]);
        fixture.refer("openai/clip-vit-large-patch14", COMMIT, "main");
        assertEquals(Optional.empty(), names.tokenizer(768));       // half of it
        fixture.add("openai/clip-vit-large-patch14", COMMIT, "merges.txt", new byte[2]);
        assertEquals(Optional.of(clip), names.tokenizer(768).map(Path::normalize));
        String second = "stabilityai/stable-diffusion-2-base";
        Path snapshot = fixture.add(second, COMMIT, "tokenizer/tokenizer.json", new byte[2]);
        fixture.refer(second, COMMIT, "main");
        assertEquals(Optional.of(snapshot.resolve("tokenizer")), names.tokenizer(1024));
        assertEquals(Optional.empty(), names.tokenizer(512));
        // The tokenizer alone is no model.
        assertEquals(Optional.empty(), found(second));
    }
}
