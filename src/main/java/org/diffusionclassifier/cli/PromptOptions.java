package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.prompt.PromptSpec;
import picocli.CommandLine.Option;

/** What an image is compared with. */
final class PromptOptions {

    @Option(names = "--prompts", paramLabel = "CSV",
            description = "Captions, columns prompt,classname,classidx; a class may have several. For a DiT, labels. "
                    + "Default with the bundled model: its own.")
    private Path prompts;

    @Option(names = "--classes", paramLabel = "NAME", split = ",",
            description = "Class names, put into the template. For a DiT, its labels' names or numbers; default: all.")
    private List<String> classes;

    @Option(names = "--template", paramLabel = "TEXT",
            description = "Caption of a class, {} standing for its name. Default: " + PromptSpec.TEMPLATE)
    private String template;

    PromptSpec spec() {
        return new PromptSpec(prompts, classes, template);
    }
}
