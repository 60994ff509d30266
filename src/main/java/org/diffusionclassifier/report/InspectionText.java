package org.diffusionclassifier.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.diffusionclassifier.convert.Inspection.Component;
import org.diffusionclassifier.convert.Inspection.Entry;
import org.diffusionclassifier.convert.Inspection;

/** The contents of a file or directory of weights, as text: what it is, a line for each component, and its settings. */
public final class InspectionText {

    private InspectionText() {
    }

    /** @param tensors whether every tensor gets a line */
    public static String render(Inspection inspection, boolean tensors) {
        var text = new StringBuilder();
        text.append(inspection.path()).append(": ").append(inspection.kind().description()).append('\n');
        List<Component> components = inspection.components();
        int width = components.stream().mapToInt(component -> component.name().length()).max().orElse(0);
        for (Component component : components) {
            line(text, width, component.name(), component.parameters(), component.bytes(),
                    component.tensors().size() + " tensors of " + component.types());
            for (Entry tensor : tensors ? component.tensors() : List.<Entry>of()) {
                text.append("      ").append(tensor.dtype()).append(' ').append(tensor.shape()).append(' ')
                        .append(shown(tensor.name())).append('\n');
            }
        }
        line(text, width, "all", components.stream().mapToLong(Component::parameters).sum(),
                components.stream().mapToLong(Component::bytes).sum(), "");
        inspection.configurations().forEach((part, settings) -> text.append(part).append(": ").append(json(settings))
                .append('\n'));
        for (Map.Entry<String, String> entry : inspection.metadata().entrySet()) {
            text.append(entry.getKey()).append(": ").append(shown(entry.getValue())).append('\n');
        }
        return text.toString();
    }

    private static void line(StringBuilder text, int width, String name, long parameters, long bytes, String more) {
        text.append(String.format(Locale.ROOT, "  %-" + Math.max(width, 3) + "s  %,15d parameters  %,12.1f MB  %s",
                shown(name), parameters, bytes * 1e-6, more).stripTrailing()).append('\n');
    }

    /** Longer values, such as the names of a thousand labels, are cut; a network's settings are shorter. */
    private static String json(Object settings) {
        try {
            return shown(new ObjectMapper().writeValueAsString(settings), 2000);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A text from a file, which must neither break the line nor steer the terminal. */
    private static String shown(String text) {
        return shown(text, 200);
    }

    private static String shown(String text, int most) {
        String shown = text.replaceAll("\\p{Cntrl}", " ");
        return shown.length() <= most ? shown : shown.substring(0, most) + "…";
    }
}
