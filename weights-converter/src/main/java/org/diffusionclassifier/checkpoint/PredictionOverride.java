package org.diffusionclassifier.checkpoint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;

/** A checkpoint whose network predicts what its user says, whatever its files say of it. */
record PredictionOverride(Checkpoint base, PredictionType predicts) implements CheckpointView {

    /** @param predicts null to believe the files */
    static Checkpoint of(Checkpoint base, PredictionType predicts) {
        return predicts == null ? base : new PredictionOverride(base, predicts);
    }

    @Override
    public Component component(String name) {
        return base.component(name);
    }

    @Override
    public JsonConfig scheduler() {
        JsonConfig stated = base.scheduler();
        return JsonConfig.of(stated.source(), overridden(stated));
    }

    private Map<String, Object> overridden(JsonConfig stated) {
        var settings = new LinkedHashMap<String, Object>();
        stated.settings().properties().forEach(entry -> settings.put(entry.getKey(), entry.getValue()));
        settings.put(ScheduleConfig.PREDICTION, ScheduleConfig.nameOf(predicts));
        return settings;
    }

    @Override
    public boolean guessesPrediction() {
        return false;
    }

    /** The base's, and that the files say otherwise where they do. */
    @Override
    public List<String> notices() {
        PredictionType stated = ScheduleConfig.read(base.scheduler()).prediction();
        Stream<String> others = base.notices().stream();
        return Stream.concat(others, base.guessesPrediction() || stated == predicts ? Stream.empty()
                : Stream.of(base.source() + ": taken to predict " + ScheduleConfig.nameOf(predicts) + ", as asked for, "
                        + "and not " + ScheduleConfig.nameOf(stated) + ", as it says")).toList();
    }
}
