package org.diffusionclassifier.prompt;

import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.diffusionclassifier.score.Objective;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class PresetTest {

    @ParameterizedTest
    @EnumSource
    void narrowsToOnePromptOverMoreAndMoreTrials(Preset preset) {
        assertEquals(preset.strategy().nSamples().size(), preset.strategy().toKeep().size());
        assertEquals(preset.strategy().nSamples().stream().sorted().distinct().toList(), preset.strategy().nSamples());
        assertEquals(preset.strategy().toKeep().stream().sorted(Comparator.reverseOrder()).distinct().toList(), preset.strategy().toKeep());
        assertEquals(1, preset.strategy().toKeep().get(preset.strategy().toKeep().size() - 1));
        assertTrue(Set.of(Objective.L1, Objective.L2).contains(preset.loss()));
    }

    @Test
    void isNamedAsInCommands() {
        assertEquals(List.of("cifar10", "stl10", "pets", "flowers", "food", "aircraft", "imagenet", "objectnet"),
                List.of(Preset.values()).stream().map(Preset::toString).toList());
    }
}
