package org.diffusionclassifier.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The golden DiT and autoencoder, laid out as a diffusers directory: 10 labels, two of them of the same name. */
public final class GoldenDit {

    private GoldenDit() {
    }

    /** Writes it to a folder that is empty or not there yet. */
    public static void layOut(Path model) throws IOException {
        for (String[] part : new String[][] {{"transformer", "dit-tiny"}, {"vae", "vae-tiny"}}) {
            Files.createDirectories(model.resolve(part[0]));
            for (String file : List.of("config.json", "diffusion_pytorch_model.safetensors")) {
                Files.copy(Golden.of(part[1]).resolve(file), model.resolve(part[0]).resolve(file));
            }
        }
        Files.createDirectory(model.resolve("scheduler"));
        Files.writeString(model.resolve("scheduler/scheduler_config.json"), "{\"_class_name\": \"DDIMScheduler\"}");
        Files.writeString(model.resolve("model_index.json"), """
                {"_class_name": "DiTPipeline", "id2label": {"0": "tench, Tinca tinca", "1": "crane", "2": "bag", "3": "d",
                 "4": "e", "5": "f", "6": "g", "7": "crane", "8": "coat", "9": "j"}}""");
    }
}
