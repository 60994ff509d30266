package org.diffusionclassifier.checkpoint;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.TokenizerTables;

/** A checkpoint that is another's in all that it does not say otherwise. Closing it closes the base. */
interface CheckpointView extends Checkpoint {

    Checkpoint base();

    @Override
    default String source() {
        return base().source();
    }

    @Override
    default ModelSpec spec() {
        return base().spec();
    }

    @Override
    default Set<String> components() {
        return base().components();
    }

    @Override
    default TokenizerTables tokenizer(String name) {
        return base().tokenizer(name);
    }

    @Override
    default JsonConfig scheduler() {
        return base().scheduler();
    }

    @Override
    default JsonConfig index() {
        return base().index();
    }

    @Override
    default Map<String, Origin> origins(Layout layout) {
        return base().origins(layout);
    }

    @Override
    default boolean guessesPrediction() {
        return base().guessesPrediction();
    }

    @Override
    default List<String> notices() {
        return base().notices();
    }

    @Override
    default List<String> embeddedTokens() {
        return base().embeddedTokens();
    }

    @Override
    default void close() {
        base().close();
    }
}
