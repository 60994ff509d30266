package org.diffusionclassifier.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.diffusionclassifier.catalog.ListedModel;
import org.diffusionclassifier.file.DecimalSize;
import org.diffusionclassifier.tensor.InputException;

/**
 * The models that are here: name, size, family, whether each can be loaded, and why not.
 *
 * @param nameOfField what messages call a setting
 */
public record ModelTable(List<ListedModel> models, UnaryOperator<String> nameOfField) {

    private static final int LONGEST_REASON = 160;
    private static final String UNKNOWN = "?";

    /** As text, a line each. */
    public String render() {
        String form = "%-" + width("model", ListedModel::name) + "s  %9s  %-"
                + width("family", model -> model.family().orElse(UNKNOWN)) + "s  %s%n";
        var text = new StringBuilder(String.format(Locale.ROOT, form, "model", "size", "family", "loads"));
        for (ListedModel model : models) {
            String reason = reason(model);
            text.append(String.format(Locale.ROOT, form, model.name(), DecimalSize.of(model.bytes()),
                    model.family().orElse(UNKNOWN), reason == null ? "yes" : "no: " + cut(reason)));
        }
        return text.toString();
    }

    private int width(String heading, Function<ListedModel, String> column) {
        return Math.max(heading.length(), models.stream().map(column).mapToInt(String::length).max().orElse(0));
    }

    /** In full, for {@code --json}. */
    public List<Map<String, Object>> json() {
        return models.stream().map(this::json).toList();
    }

    private Map<String, Object> json(ListedModel model) {
        var entry = new LinkedHashMap<String, Object>();
        entry.put("name", model.name());
        entry.put("place", model.place().name().toLowerCase(Locale.ROOT));
        entry.put("path", model.path() == null ? null : model.path().toString());
        entry.put("bytes", model.bytes());
        entry.put("family", model.family().orElse(null));
        entry.put("loads", model.fault().isEmpty());
        entry.put("reason", reason(model));
        return entry;
    }

    /** Without the model's own path before it, which the name stands for; null for a model that loads. */
    private String reason(ListedModel model) {
        return model.fault().map((InputException fault) -> {
            String message = fault.message(nameOfField);
            String own = model.path() + ": ";
            return message.startsWith(own) ? message.substring(own.length()) : message;
        }).orElse(null);
    }

    private static String cut(String reason) {
        return reason.length() <= LONGEST_REASON ? reason : reason.substring(0, LONGEST_REASON) + "…";
    }
}
