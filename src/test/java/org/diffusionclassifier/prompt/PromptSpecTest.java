package org.diffusionclassifier.prompt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Captions of classes that nobody named but the dataset. */
class PromptSpecTest {

    @Test
    void underscoresInADatasetsNamesStandForBlanks() {
        PromptSet prompts = new PromptSpec(null, null, null).captions(null, List.of("maple_tree", "lawn-mower"));
        assertEquals(List.of("a photo of a maple tree.", "a photo of a lawn-mower."),
                prompts.prompts().stream().map(Prompt::text).toList());
    }
}
