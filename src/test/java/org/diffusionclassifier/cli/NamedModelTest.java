package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.DiffusionModel;
import org.diffusionclassifier.catalog.CacheFixture;
import org.diffusionclassifier.catalog.ModelNames;
import org.diffusionclassifier.checkpoint.SmallModel;
import org.diffusionclassifier.hub.HubServer;
import org.diffusionclassifier.hub.RepositoryName;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models by name at the command line, with a {@link HubServer} in the Hub's place. */
class NamedModelTest {

    private static final RepositoryName CLIP = new RepositoryName("openai/clip-vit-large-patch14");

    @TempDir
    Path folder;

    private final List<String> asked = new ArrayList<>();
    private final List<HubServer> servers = new ArrayList<>();
    private Path work;
    private Path source;
    private Path picture;
    private HubServer server;

    @BeforeEach
    void start() throws IOException {
        work = Files.createDirectory(folder.resolve("work"));
        source = new SmallModel(false).directory(folder.resolve("source"), DType.F32);
        Files.writeString(source.resolve("model_index.json"), """
                {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"],
                "vae": ["diffusers", "AutoencoderKL"], "text_encoder": ["transformers", "CLIPTextModel"],
                "tokenizer": ["transformers", "CLIPTokenizer"], "scheduler": ["diffusers", "PNDMScheduler"]}""");
        Files.writeString(source.resolve("README.md"), "needed by nobody");
        server = server(HubServer.MODEL).withAll(source);
        picture = folder.resolve("bag.png");
        try (var bundled = BundledModel.open()) {
            Files.copy(bundled.images().resolve("bag-0.png"), picture);
        }
    }

    private HubServer server(RepositoryName model) {
        var started = new HubServer(model);
        servers.add(started);
        return started;
    }

    @AfterEach
    void stop() {
        servers.forEach(HubServer::close);
    }

    private ModelNames names(HubServer hub, String... variables) {
        var environment = new HashMap<>(Map.of("HF_ENDPOINT", hub.url(), "HF_HOME", folder.resolve("hf").toString()));
        for (int i = 0; i < variables.length; i += 2) {
            environment.put(variables[i], variables[i + 1]);
        }
        return new ModelNames(work, environment, folder.resolve("home"));
    }

    private ModelNames offline() {
        return names(server, "HF_HUB_OFFLINE", "1");
    }

    private CommandLineRun run(Object... words) {
        return CommandLineRun.in(names(server), CommandLineRun.NOBODY, words);
    }

    private Terminal somebody(boolean answer) {
        return new Terminal() {
            @Override
            public boolean isPresent() {
                return true;
            }

            @Override
            public boolean confirms(String question) {
                asked.add(question);
                return answer;
            }
        };
    }

    private Object[] classify(Object model, Object... more) {
        var words = new ArrayList<Object>(List.of("classify", picture, "--model", model, "--classes", "bag,coat",
                "--n-samples", "2", "--to-keep", "1", "--device", "cpu", "--dtype", "f32"));
        words.addAll(List.of(more));
        return words.toArray();
    }

    private Path snapshot() {
        return folder.resolve("hf/hub/models--org--model/snapshots").resolve(HubServer.COMMIT);
    }

    /** The ranking, without the time it took. */
    private static List<String> ranking(CommandLineRun run) {
        return run.succeeded().out().lines().filter(line -> line.matches("\\s+\\d .*")).toList();
    }

    @Test
    void whatWasPulledIsClassifiedWithOffline() {
        var pulled = run("pull", "org/model").succeeded();
        assertTrue(pulled.out().contains("org/model: ") && pulled.out().contains("licence openrail++")
                && pulled.out().contains(snapshot().toString()), pulled.out());
        assertTrue(Files.notExists(snapshot().resolve("README.md")));
        var expected = ranking(run(classify(source)));
        assertEquals(2, expected.size());
        int requests = server.requests().size();
        assertEquals(expected, ranking(CommandLineRun.in(offline(), CommandLineRun.NOBODY, classify("org/model"))));
        assertEquals(expected, ranking(run(classify("org/model@" + HubServer.COMMIT.substring(0, 8), "--pull"))));
        assertEquals(requests, server.requests().size());       // what is here is not asked for
        try (var model = DiffusionModel.builder().names(offline()).checkpoint("org/model").load()) {
            assertEquals(List.of(), model.notices());
        }
    }

    @Test
    void revisionsAndFilesAreOptionsOrPartsOfTheName() {
        run("pull", "org/model", "--revision", "v1", "--file", "unet/config.json").succeeded();
        assertTrue(Files.exists(snapshot().resolve("unet/config.json")));
        assertTrue(Files.notExists(snapshot().resolve("vae")));
        run("pull", "org/model@v1:vae/config.json").succeeded();
        assertTrue(Files.exists(snapshot().resolve("vae/config.json")));
        run("pull", "org/model", "--revision", "v2").refused("org/model", "no revision v2");
        run("pull", "org/model", "--file", "none").refused("org/model", "no file \"none\"");
        run("pull", "org/model", "--precision", "f32").refused("--precision", "FULL, FP16");
        run("pull", "model").refused("organisation/name", "\"model\"");
    }

    @Test
    void whatIsNotHereIsNotFetchedFromAPipe() {
        run(classify("org/model")).refused("org/model: no such file or folder",
                "diffusion-classifier pull org/model gets it (", " MB, licence openrail++, gated: ",
                server.url() + "/org/model)");
        assertEquals(1, server.requests().size());
        run("inspect", "org/model").refused("pull org/model");
        run("convert", "org/model", "--out", folder.resolve("out.safetensors")).refused("pull org/model");
        run("kernels", "--model", "org/model").refused("pull org/model");
        assertEquals(0, server.served());
        int requests = server.requests().size();
        CommandLineRun.in(offline(), CommandLineRun.NOBODY, classify("org/model")).refused("pull org/model gets it\n");
        CommandLineRun.in(offline(), CommandLineRun.NOBODY, classify("org/model", "--pull"))
                .refused("HF_HUB_OFFLINE forbids it");
        assertEquals(requests, server.requests().size());
    }

    @Test
    void whoeverIsThereIsAsked() {
        CommandLineRun.in(names(server), somebody(false), classify("org/model")).refused("pull org/model gets it (");
        assertEquals(1, asked.size());
        assertTrue(asked.get(0).startsWith("org/model is not here. Pull it (") && asked.get(0).contains("openrail++"),
                asked.get(0));
        assertEquals(0, server.served());
        assertEquals(ranking(run(classify(source))),
                ranking(CommandLineRun.in(names(server), somebody(true), classify("org/model"))));
        assertEquals(2, asked.size());
    }

    @Test
    void whatTheHubDoesNotHave() {
        run(classify("org/other")).refused("org/other: no such model at " + server.url(), "nor is it a file or folder");
        server.close();
        run(classify("org/model")).refused("pull org/model gets it\n");     // without its size
    }

    @Test
    void pullFetchesFirst() {
        var converted = folder.resolve("out.safetensors");
        run("convert", "org/model", "--out", converted, "--dtype", "f32", "--pull").succeeded();
        assertEquals(ranking(run(classify("org/model"))), ranking(run(classify(converted))));
        run("inspect", "org/model").succeeded();
    }

    @Test
    void aGatedModelSaysWhatItNeeds() {
        server.closedToStrangers();
        run(classify("org/model", "--pull")).refused("org/model: gated: accept its terms at " + server.url()
                + "/org/model, then set HF_TOKEN");
        CommandLineRun.in(names(server, "HF_TOKEN", "hf_x"), CommandLineRun.NOBODY, classify("org/model", "--pull"))
                .succeeded();
    }

    /** A UNet with an option that nobody knows, and a pipeline of another kind. */
    @Test
    void aModelOfNoKnownFamilyIsRefusedBeforeItsWeights() throws IOException {
        String unet = Files.readString(source.resolve("unet/config.json"));
        server.with("unet/config.json", unet.replaceFirst("\\{", "{\"addition_embed_type\": \"unheard_of\", ")
                .getBytes(StandardCharsets.UTF_8), false);
        run("pull", "org/model").refused("org/model: unet/config.json: addition_embed_type = \"unheard_of\"");
        run(classify("org/model", "--pull")).refused("org/model: unet/config.json: addition_embed_type");
        assertTrue(server.requests().stream().noneMatch(request -> request.path().contains("safetensors")));
        assertTrue(Files.notExists(snapshot()));
        run("pull", "org/model", "--file", "unet/config.json").succeeded();     // whoever names a file wants that file

        var flux = server(new RepositoryName("org/flux"))
                .with("model_index.json", "{\"_class_name\": \"FluxPipeline\"}".getBytes(StandardCharsets.UTF_8), false)
                .with("transformer/config.json", "{\"_class_name\": \"FluxTransformer2DModel\", \"num_layers\": 19}"
                        .getBytes(StandardCharsets.UTF_8), false)
                .with("transformer/diffusion_pytorch_model.safetensors", new byte[1000], true);
        CommandLineRun.in(names(flux), CommandLineRun.NOBODY, "pull", "org/flux").refused(
                "org/flux: transformer/config.json: FluxTransformer2DModel is Flux, which is not supported: take");
        assertTrue(flux.requests().stream().noneMatch(request -> request.path().contains("safetensors")));
    }

    /** The tokenizer is the same as in the directory; the file's text encoder is as wide as Stable Diffusion 1's. */
    @Test
    void aSingleFileTakesTheTokenizerThatWasPulled() throws IOException {
        Path file = work.resolve("v1.ckpt");
        PytorchFixture.write(new SmallModel(false, 768).original(), file);
        Object[] words = classify(file, "--image-size", "16");
        var tokenizers = server(CLIP).withAll(source.resolve("tokenizer"));
        run(words).refused("--tokenizer", "pull --tokenizer FILE gets the one of openai/clip-vit-large-patch14");
        CommandLineRun.in(names(tokenizers), CommandLineRun.NOBODY, "pull", "--tokenizer", "v1.ckpt").succeeded();
        var classified = run(words).succeeded();
        String note = "note: " + file + ": has no tokenizer in it; taken: " + folder.resolve("hf");
        assertTrue(classified.err().contains(note), classified.err());
        var given = run(classify(file, "--image-size", "16", "--tokenizer", source.resolve("tokenizer")));
        assertFalse(given.succeeded().err().contains("tokenizer"), given.err());
        assertEquals(ranking(given), ranking(classified));
        // The table knows, and a converted file has it in it.
        assertTrue(run("models").succeeded().out().contains("yes"));
        Path converted = work.resolve("v1.safetensors");
        run("convert", file, "--image-size", "16", "--dtype", "f32", "--out", converted).succeeded();
        assertEquals(ranking(given), ranking(run(classify("v1"))));
        run("pull", "--tokenizer", source).refused("--tokenizer", "one file");
    }

    @Test
    void pullFetchesTheTokenizer() throws IOException {
        Path file = work.resolve("v1.ckpt");
        PytorchFixture.write(new SmallModel(false, 768).original(), file);
        var tokenizers = server(CLIP).withAll(source.resolve("tokenizer"));
        CommandLineRun.in(names(tokenizers), CommandLineRun.NOBODY, classify(file, "--image-size", "16", "--pull"))
                .succeeded();
        run(classify(file, "--image-size", "16")).succeeded();
    }

    @Test
    void theTableOfModels() throws IOException {
        run("pull", "org/model").succeeded();
        Files.writeString(work.resolve("broken.safetensors"), "x");
        Path json = folder.resolve("models.json");
        var lines = run("models", "--json", json).succeeded().out().lines().toList();
        assertEquals(4, lines.size());
        assertTrue(lines.get(1).matches("demo +[0-9.]+ MB  Stable Diffusion  yes"), lines.get(1));
        assertTrue(lines.get(2).matches("broken .*  no: .*"), lines.get(2));
        assertTrue(lines.get(3).matches("org/model +[0-9.]+ MB  Stable Diffusion  yes"), lines.get(3));
        JsonNode models = new ObjectMapper().readTree(json.toFile());
        assertEquals("hub", models.at("/2/place").asText());
        assertEquals(snapshot().toString(), models.at("/2/path").asText());
        assertTrue(models.at("/2/loads").asBoolean() && !models.at("/1/loads").asBoolean());
        assertTrue(models.at("/2/reason").isNull() && models.at("/1/reason").asText().contains("expected"));
        assertTrue(models.at("/0/path").isNull());
    }

    @Test
    void removingAsks() throws IOException {
        run("pull", "org/model").succeeded();
        run("models", "rm", "org/model").refused("--yes", "org/model");
        var kept = CommandLineRun.in(names(server), somebody(false), "models", "rm", "org/model").succeeded();
        assertTrue(kept.out().contains("nothing removed"), kept.out());
        assertTrue(asked.get(0).matches("Remove org/model in .*, [0-9.]+ MB\\?"), asked.get(0));
        assertTrue(Files.exists(snapshot()));
        var removed = run("models", "rm", "org/model", "--yes").succeeded();
        assertTrue(removed.out().matches("(?s)org/model in .*: removed, [0-9.]+ MB freed\\R"), removed.out());
        assertTrue(Files.notExists(snapshot()));
        run("models", "rm", "org/model", "--yes").refused("org/model: no file");
    }

    @Test
    void whatAnotherRevisionUsesStays() throws IOException {
        var cache = new CacheFixture(folder.resolve("fixture"));
        String old = "b".repeat(40);
        String current = "c".repeat(40);
        Path kept = cache.add("org/model", current, "a.ckpt", new byte[2000]).resolve("a.ckpt");
        cache.refer("org/model", current, "main");
        Path removed = cache.add("org/model", old, "b.ckpt", new byte[3000]);
        cache.refer("org/model", old, "v1");
        Files.createSymbolicLink(removed.resolve("a.ckpt"), removed.relativize(kept.toRealPath()));
        var run = CommandLineRun.in(cache.names(), CommandLineRun.NOBODY, "models", "rm", "org/model@v1", "--yes");
        // 3000 bytes of the file, and the 40 of the reference v1
        assertEquals(List.of("2.0 kB stay, as they are also used by " + current, "org/model@v1 in " + cache.cache()
                + ": removed, 3.0 kB freed"), run.succeeded().out().lines().toList());
        assertTrue(Files.exists(kept) && Files.notExists(removed));
    }

    @Test
    void anAmbiguousNameIsRefused() throws IOException {
        Files.createDirectory(work.resolve("models"));
        for (String file : List.of("sd2.safetensors", "models/sd2.safetensors")) {
            Files.writeString(work.resolve(file), "x");
        }
        run(classify("sd2")).refused("sd2: expected one model", "work/sd2.safetensors", "work/models/sd2.safetensors");
        run("models", "rm", "sd2", "--yes").refused("sd2: expected one model");
    }
}
