package org.diffusionclassifier.cli;

import java.util.List;
import java.util.Optional;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.prompt.ClassLabels;
import org.diffusionclassifier.prompt.PromptSet;

/** A model whose files are open and have been checked, before a device is. */
record OpenedModel(ModelOptions options, Checkpoint checkpoint, ModelFamily family, Layout layout)
        implements AutoCloseable {

    /** @throws org.diffusionclassifier.tensor.InputException if it is no model, lacks a part, or parts do not fit */
    static OpenedModel of(ModelOptions options, ModelSpec spec) {
        Checkpoint checkpoint = Checkpoint.open(spec);
        try {
            ModelFamily family = ModelFamily.of(checkpoint);
            Layout layout = family.layout(checkpoint);
            layout.tokenizers().forEach(checkpoint::tokenizer);     // refuses what is missing before anything is loaded
            return new OpenedModel(options, checkpoint, family, layout);
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    /** Names of the labels that the model is conditioned on; empty for one that takes captions. */
    Optional<ClassLabels> labels() {
        return family.labels(checkpoint).map(ClassLabels::new);
    }

    /**
     * What images are compared with: captions, or the numbers of labels.
     *
     * @param datasetNames class names that a dataset brings along; empty for none
     */
    PromptSet prompts(PromptOptions prompts, BundledModel bundled, List<String> datasetNames) {
        return labels().map(labels -> prompts.readLabels(labels, datasetNames))
                .orElseGet(() -> prompts.read(options.model == null ? bundled.prompts() : null, datasetNames));
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
