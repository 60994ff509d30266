package org.diffusionclassifier.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.List;
import java.util.Set;
import org.diffusionclassifier.Matching;
import org.diffusionclassifier.TrialSpec;
import org.diffusionclassifier.dataset.Boxes;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.server.http.HttpRefusal;
import org.diffusionclassifier.server.http.Received;

/**
 * What {@code POST /v1/match} and {@code POST /v1/refer} ask for.
 *
 * @param images   one to refer to, or those to match
 * @param captions to match, or the one expression
 * @param boxes    of the image; empty where captions are matched
 * @param nSamples timesteps of every caption and picture
 */
record ComparisonRequest(List<Upload> images, List<String> captions, List<Box> boxes, int nSamples, TrialSpec trials,
        boolean report) {

    private static final Set<String> MATCH = Set.of("captions", "nSamples", "timesteps", "timestepWeights",
            "nTrials", "seed", "loss", "target", "background", "report");
    private static final Set<String> REFER = Set.of("expression", "boxes", "nSamples", "timesteps", "timestepWeights",
            "nTrials", "seed", "loss", "target", "background", "report");

    private static final int MOST_IMAGES = 16;
    private static final int MOST_BOXES = 64;

    /** @throws HttpRefusal or an InputException for what is wrong */
    static ComparisonRequest ofMatching(Received request, ServeSpec limits) {
        var fields = RequestFields.of(request, MATCH, "images", limits.maxClasses() + MOST_IMAGES + MATCH.size());
        List<Upload> images = fields.pictures("images", 1, MOST_IMAGES);
        images.forEach(image -> image.check(limits.maxPixels()));
        List<String> captions = fields.texts("captions", limits.maxClasses());
        if (captions == null) {
            throw new HttpRefusal(400, "captions: expected a list of texts, found none");
        }
        return of(fields, images, captions, List.of());
    }

    /** @throws HttpRefusal or an InputException for what is wrong */
    static ComparisonRequest ofReferring(Received request, ServeSpec limits) {
        var fields = RequestFields.of(request, REFER, "image", REFER.size() + 2 + MOST_BOXES);
        Upload image = fields.pictures("image", 1, 1).get(0);
        image.check(limits.maxPixels());
        String expression = fields.text("expression");
        if (expression == null || expression.isBlank()) {
            throw new HttpRefusal(400, "expression: expected a text, found none");
        }
        return of(fields, List.of(image), List.of(expression), Boxes.list(boxes(fields), "boxes"));
    }

    /** In a form, each box is a text, [x, y, width, height], or one is a list of all. */
    private static ArrayNode boxes(RequestFields fields) {
        List<JsonNode> given = fields.list("boxes", MOST_BOXES);
        ArrayNode boxes = JsonFile.MAPPER.createArrayNode();
        for (JsonNode one : given == null ? List.<JsonNode>of() : given) {
            JsonNode box = one.isTextual() ? parsed(one.textValue()) : one;
            if (box.isArray() && box.size() > 0 && box.get(0).isArray()) {
                box.forEach(boxes::add);
            } else {
                boxes.add(box);
            }
        }
        if (boxes.size() > MOST_BOXES) {
            throw new HttpRefusal(413, "boxes: expected at most " + MOST_BOXES + ", found " + boxes.size());
        }
        return boxes;
    }

    private static JsonNode parsed(String text) {
        try {
            return JsonFile.MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw new HttpRefusal(400, "boxes: expected [x, y, width, height] each, found what is no JSON");
        }
    }

    private static ComparisonRequest of(RequestFields fields, List<Upload> images, List<String> captions,
            List<Box> boxes) {
        Integer nSamples = fields.integer("nSamples");
        return new ComparisonRequest(images, captions, boxes, nSamples == null ? Matching.N_SAMPLES : nSamples,
                ClassifyRequest.trials(fields), fields.flag("report"));
    }
}
