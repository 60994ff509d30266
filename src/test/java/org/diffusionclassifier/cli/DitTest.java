package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.testing.GoldenDit;
import org.diffusionclassifier.testing.SmallDit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Classifying by labels, with the golden DiT and autoencoder laid out as a diffusers directory. */
class DitTest {

    @TempDir
    private Path folder;
    private Path model;
    private Path picture;

    @BeforeEach
    void layOutTheModel() throws IOException {
        model = folder.resolve("model");
        GoldenDit.layOut(model);
        picture = folder.resolve("bag.png");
        try (var bundled = BundledModel.open()) {
            Files.copy(bundled.images().resolve("bag-0.png"), picture);
        }
    }

    private CommandLineRun classify(Path path, Object... more) {
        var words = new ArrayList<Object>(List.of("classify", picture, "--model", path, "--device", "cpu", "--dtype",
                "f32"));
        words.addAll(List.of(more));
        return CommandLineRun.of(words.toArray());
    }

    private CommandLineRun classify(Object... more) {
        return classify(model, more);
    }

    @Test
    void comparesAllLabelsByTheirNames() {
        String out = classify("--n-samples", "2,4", "--to-keep", "3,1").succeeded().out();
        assertTrue(out.contains("tench, Tinca tinca") && out.contains("coat"), out);
        assertTrue(out.contains("26 pairs"), out);
    }

    /** As in the paper: every prompt at every timestep of the interval. */
    @Test
    void evaluatesAllTrialsOfAnInterval() throws IOException {
        Path json = folder.resolve("out.json");
        classify("--interval", "100", "--classes", "bag, 9,Tinca tinca", "--json", json).succeeded();
        JsonNode ranking = new ObjectMapper().readTree(json.toFile()).get(0).get("ranking");
        assertEquals(3, ranking.size());
        for (JsonNode prompt : ranking) {
            assertEquals("[50,150,250,350,450,550,650,750,850,950]", prompt.get("timesteps").toString());
        }
        assertTrue(classify("--interval", "100", "--classes", "bag,9").succeeded().out().contains("20 pairs"));
    }

    /** Names and numbers are the same labels, and several captions may stand for one class. */
    @Test
    void aLabelIsKnownByNameAndNumber() throws IOException {
        Path byName = folder.resolve("a.json");
        Path byNumber = folder.resolve("b.json");
        classify("--interval", "250", "--classes", "bag,tench,j", "--json", byName).succeeded();
        classify("--interval", "250", "--classes", "2,0,9", "--json", byNumber).succeeded();
        assertEquals(Files.readString(byName), Files.readString(byNumber));

        Path prompts = Files.writeString(folder.resolve("p.csv"),
                "prompt,classname,classidx\nbag,thing,0\ntench,animal,1\n7,animal,1\n");
        String out = classify("--interval", "250", "--prompts", prompts).succeeded().out();
        assertTrue(out.contains("thing") && out.contains("animal") && out.contains("12 pairs"), out);
    }

    /** Its largest layer has 24576 weights, eight bytes of room each. */
    @Test
    void streamsWeightsThatABudgetHasNoRoomFor() throws IOException {
        Path kept = folder.resolve("kept.json");
        Path streamed = folder.resolve("streamed.json");
        classify("--interval", "250", "--loss", "l2+vb", "--json", kept).succeeded();
        String log = classify("--interval", "250", "--loss", "l2+vb", "--json", streamed, "--weights-budget", "512KiB",
                "--verbose").succeeded().err();
        assertTrue(log.contains("MiB streamed"), log);
        assertEquals(Files.readString(kept), Files.readString(streamed));
        classify("--weights-budget", "196607").refused("--weights-budget: expected at least 1MiB", "found 196607 bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"l1", "l2", "huber", "norm", "vb", "l2+vb", "L2+VB"})
    void comparesByEveryObjective(String loss) {
        classify("--interval", "500", "--loss", loss).succeeded();
    }

    @Test
    void takesTheNamesOfLabelsFromAFile() throws IOException {
        Path names = Files.writeString(folder.resolve("names"), "a\nb\nc\nd\ne\nf\ng\nh\nironing board\nj\n");
        String out = classify("--labels", names, "--interval", "500", "--classes", "ironing board,0").succeeded().out();
        assertTrue(out.contains("ironing board"), out);
        Files.writeString(names, "\uFEFFa\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");     // as Windows' editors write
        classify("--labels", names, "--interval", "500", "--classes", "a,b").succeeded();
        Files.writeString(names, "a\nb\n");
        classify("--labels", names).refused(names.toString(), "expected 10 lines", "found 2");
        Files.writeString(names, "a\nb\nc\n\ne\nf\ng\nh\ni\nj\n");
        classify("--labels", names).refused(names + ":4", "label 3");
        classify("--labels", folder.resolve("none")).refused("none", "no such file");
    }

    @Test
    void evaluatesALabelledDataset() throws IOException {
        Path labels = Files.writeString(folder.resolve("labels.csv"), "file,classidx\nbag.png,2\n");
        String out = CommandLineRun.of("evaluate", "--dataset", "csv:" + labels, "--out", folder.resolve("run"),
                "--model", model, "--device", "cpu", "--dtype", "f32", "--interval", "500", "--loss", "l2+vb").succeeded().out();
        assertTrue(out.contains("20 pairs an image"), out);
        String settings = Files.readString(folder.resolve("run/settings.json"));
        assertTrue(settings.contains("\"interval\"") && settings.contains("l2+vb"), settings);
    }

    @Test
    void hasNoCaptionsToMatchOrReferBy() {
        CommandLineRun.of("match", "--demo", "--model", model).refused("match", model.toString(), "captions", "labels");
        CommandLineRun.of("refer", "--examples", "refs.jsonl", "--model", model)
                .refused("refer", model.toString(), "captions", "labels");
    }

    /** Classes in the order of the dataset's labels, as with captions. */
    @Test
    void aDatasetsFoldersAreLabelsWhereTheModelKnowsTheirNames() throws IOException {
        for (String name : List.of("bag", "coat")) {
            Files.createDirectories(folder.resolve("known/test").resolve(name));
            Files.copy(picture, folder.resolve("known/test").resolve(name).resolve("0.png"));
        }
        evaluateFolder("known").succeeded();
        Files.move(folder.resolve("known/test/bag"), folder.resolve("known/test/wallet"));
        evaluateFolder("known").refused("--dataset: expected classes that prompts stand for", "found also \"wallet\"",
                "--class-map");
    }

    private CommandLineRun evaluateFolder(String name) {
        return CommandLineRun.of("evaluate", "--dataset", "folder:" + folder.resolve(name), "--out",
                folder.resolve("run-" + name), "--model", model, "--device", "cpu", "--dtype", "f32", "--interval",
                "500");
    }

    /** A file of the original implementation's names and shapes (DiT-S/2 of one block), in place of the directory. */
    @Test
    void classifiesWithOneFileAndAnAutoencoder() {
        Path file = SmallDit.ofGoldenSize().write(folder.resolve("DiT-S-2.safetensors"));
        String out = classify(file, "--vae", model.resolve("vae"), "--interval", "500").succeeded().out();
        assertTrue(out.contains("20 pairs"), out);
        classify(file, "--interval", "500").refused(file.toString());
        classify(file, "--vae", folder.resolve("none")).refused("none");
        classify(file, "--vae", model.resolve("vae"), "--ema").refused("--ema", "DiT");
        classify(model.resolve("transformer/diffusion_pytorch_model.safetensors"), "--vae", model.resolve("vae"))
                .refused("a DiT in the original naming");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aConvertedModelGivesTheErrorsOfItsSource(boolean original) throws IOException {
        Object[] source = {model};
        if (original) {
            Path pt = PytorchFixture.write(SmallDit.ofGoldenSize(), folder.resolve("DiT-S-2.pt"));
            source = new Object[] {pt, "--vae", model.resolve("vae")};
        }
        Path file = folder.resolve("dit.safetensors");
        String out = convert(file, source).succeeded().out();
        assertEquals(original ? 2 : 1, out.lines().filter(line -> line.startsWith("sha256 of ")).count(), out);
        Path expected = folder.resolve("expected.json");
        classify((Path) source[0], with(Arrays.copyOfRange(source, 1, source.length), "--interval", "250", "--json",
                expected)).succeeded();
        Path found = folder.resolve("found.json");
        classify(file, "--interval", "250", "--json", found).succeeded();
        assertEquals(Files.readString(expected), Files.readString(found));
        String log = classify(file, "--interval", "250", "--json", found, "--weights-budget",
                original ? "7MiB" : "512KiB", "--verbose").succeeded().err();
        assertTrue(log.contains("MiB streamed"), log);
        assertEquals(Files.readString(expected), Files.readString(found));

        String inspected = CommandLineRun.of("inspect", file).succeeded().out();
        assertTrue(inspected.contains("a model file") && inspected.contains("\"DiTTransformer2DModel\"")
                && inspected.contains(original ? "vae_source: vae" : "\"2\":\"bag\""), inspected);
    }

    private static CommandLineRun convert(Path file, Object... more) {
        return CommandLineRun.of(with(new Object[] {"convert", "--out", file, "--dtype", "f32", "--verify"}, more));
    }

    private static Object[] with(Object[] words, Object... more) {
        return Stream.concat(Stream.of(words), Stream.of(more)).toArray();
    }

    @Test
    void everyCommandKnowsAConvertedModelForWhatItIs() throws IOException {
        Path file = folder.resolve("dit.safetensors");
        convert(file, model).succeeded();
        assertTrue(classify(file, "--interval", "500", "--classes", "bag,9").succeeded().out().contains("4 pairs"));
        Path labels = Files.writeString(folder.resolve("labels.csv"), "file,classidx\nbag.png,2\n");
        CommandLineRun.of("evaluate", "--dataset", "csv:" + labels, "--out", folder.resolve("run"), "--model", file,
                "--device", "cpu", "--dtype", "f32", "--interval", "500").succeeded();
        CommandLineRun.of("match", "--demo", "--model", file).refused("match", file.toString(), "captions", "labels");
        classify(file, "--vae", model.resolve("vae"))
                .refused("--vae: expected none with " + file + ", which has its autoencoder in it");
        classify(file, "--template", "a {}").refused("--template: expected none with a model that is conditioned on labels");
        classify(file, "--ema").refused("--ema", "DiT");
    }

    /** For the directory it is that of the folder vae, so that a model without it needs only be told where it is. */
    @Test
    void takesAnAutoencoderFromElsewhere() throws IOException {
        Path own = folder.resolve("own.json");
        classify("--interval", "500", "--json", own).succeeded();
        Path elsewhere = folder.resolve("elsewhere");
        Files.move(model.resolve("vae"), elsewhere);
        Path other = folder.resolve("other.json");
        classify("--interval", "500", "--json", other, "--vae", elsewhere).succeeded();
        assertEquals(Files.readString(own), Files.readString(other));
        Path file = folder.resolve("dit.safetensors");
        convert(file, model).refused(model.toString(), "no folder vae");
        convert(file, model, "--vae", elsewhere).succeeded();
        classify(file, "--interval", "500", "--json", other).succeeded();
        assertEquals(Files.readString(own), Files.readString(other));
    }

    @Test
    void badConversionsAreRefused() throws IOException {
        Path file = folder.resolve("dit.safetensors");
        Path pt = PytorchFixture.write(SmallDit.ofGoldenSize(), folder.resolve("DiT-S-2.pt"));
        convert(file, pt).refused("--vae", pt.toString(), "none in it");
        convert(file, pt, "--vae", folder.resolve("none")).refused("none", "expected the folder of a VAE");
        convert(file, pt, "--vae", model.resolve("vae"), "--ema").refused("--ema", "not with a DiT");
        convert(file, model, "--lora", pt).refused("--lora", "not with a DiT");
        convert(file, "--random", "sd-1.5", "--vae", model.resolve("vae")).refused("--vae: expected with a DiT");
        try (var bundled = BundledModel.open()) {
            Path diffusion = Files.createDirectories(folder.resolve("sd"));
            Files.copy(bundled.root().resolve("model_index.json"), diffusion.resolve("model_index.json"));
            Files.createDirectory(diffusion.resolve("unet"));
            Files.copy(bundled.root().resolve("unet/config.json"), diffusion.resolve("unet/config.json"));
            convert(file, diffusion, "--vae", model.resolve("vae")).refused("--vae: expected with a DiT");
        }
        assertFalse(Files.exists(file));
        convert(file, model).succeeded();
        convert(folder.resolve("again.safetensors"), file, "--vae", model.resolve("vae"))
                .refused("--vae: expected none with " + file);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--classes  | 10          | class \"10\": expected a label's name or number from 0 to 9",
        "--classes  | dog         | class \"dog\": expected a label's name or number from 0 to 9",
        "--classes  | crane       | class \"crane\": expected one label, found [1, 7]: give its number",
        "--classes  | 2,bag       | --classes: label 2 is given twice",
        "--template | a {}        | --template: expected none with a model that is conditioned on labels",
        "--vae      | x           | x: expected the folder of a VAE, found nothing",
        "--tokenizer | x          | --ema: expected with Stable Diffusion as one file in the original naming, not with a DiT",
        "--lora     | x           | --lora: expected with Stable Diffusion, not with a DiT",
        "--loss     | l3          | --loss: expected l1, l2, huber, norm, vb, l2+vb, found l3",
        "--interval | 0           | --interval: expected at least 1, found 0",
        "--interval | 3           | --interval 3: expected a divisor of the 1000 timesteps 0..999",
        "--interval | 4 --to-keep 1 | --interval takes all prompts"})
    void refusesWhatDoesNotGoWithIt(String option, String value, String message) {
        var words = new ArrayList<Object>(List.of(option));
        words.addAll(List.of(value.split(" (?=--)| (?=1$)")));
        classify(words.toArray()).refused(message);
    }

    @Test
    void labelsAndTheBoundAreForDits() {
        CommandLineRun.of("classify", picture, "--labels", picture)
                .refused("--labels: expected with a model that is conditioned on labels, a DiT");
        CommandLineRun.of("classify", picture, "--loss", "vb")
                .refused("--loss vb: expected a model that predicts variances");
    }

    @ParameterizedTest
    @ValueSource(strings = {"vae", "scheduler", "model_index.json"})
    void aMissingPartIsNamed(String part) throws IOException {
        Files.move(model.resolve(part), folder.resolve("elsewhere"));
        classify().refused(model.toString(), part);
    }

    @Test
    void aMissingTensorIsNamed() throws IOException {
        Path config = model.resolve("transformer/config.json");
        Files.writeString(config, Files.readString(config).replace("\"num_layers\": 3", "\"num_layers\": 4"));
        classify("--interval", "500").refused("no tensor transformer_blocks.3.norm1.emb");
    }
}
