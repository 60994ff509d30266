package org.diffusionclassifier.prompt;

import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class PresetTest {

    @ParameterizedTest
    @EnumSource
    void narrowsToOnePromptOverMoreAndMoreTrials(Preset preset) {
        assertEquals(preset.nSamples().size(), preset.toKeep().size());
        assertEquals(preset.nSamples().stream().sorted().distinct().toList(), preset.nSamples());
        assertEquals(preset.toKeep().stream().sorted(Comparator.reverseOrder()).distinct().toList(), preset.toKeep());
        assertEquals(1, preset.toKeep().get(preset.toKeep().size() - 1));
        assertTrue(Set.of("l1", "l2").contains(preset.loss()));
    }

    @Test
    void isNamedAsInCommands() {
        assertEquals(List.of("cifar10", "stl10", "pets", "flowers", "food", "aircraft", "imagenet", "objectnet"),
                List.of(Preset.values()).stream().map(Preset::toString).toList());
    }
}
