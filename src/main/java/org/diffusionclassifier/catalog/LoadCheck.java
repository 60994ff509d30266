package org.diffusionclassifier.catalog;

import java.util.Optional;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.checkpoint.TokenizerSource;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.tensor.InputException;

/**
 * Whether a model can be loaded, by its configurations, its tokenizers and the names and shapes of its tensors. No
 * weights are read.
 *
 * @param family empty where it is not known
 * @param fault  why it cannot be loaded; empty if it can
 */
record LoadCheck(Optional<String> family, Optional<InputException> fault) {

    /** @param spec of a model with a path */
    static LoadCheck of(ModelSpec spec, TokenizerSource tokenizers) {
        Optional<String> family = Optional.empty();
        try (Checkpoint checkpoint = Checkpoint.open(spec, tokenizers)) {
            ModelFamily known = ModelFamily.of(checkpoint);
            family = Optional.of(known.name());
            Layout layout = known.layout(checkpoint);
            layout.parts().forEach(part -> part.require(checkpoint.component(part.component()).weights()));
            layout.tokenizers().forEach(checkpoint::tokenizer);
            return new LoadCheck(family, Optional.empty());
        } catch (InputException e) {
            return new LoadCheck(family, Optional.of(e));
        }
    }
}
