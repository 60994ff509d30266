package org.diffusionclassifier;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.text.TokenizedCaptions;

/** What a user should know of the prompts that images are compared with, once they are encoded. */
final class PromptNotices {

    /** Groups that are named. */
    private static final int NAMED = 3;

    private PromptNotices() {
    }

    /** @param conditioning of all these prompts, in their order */
    static List<String> of(PromptSet prompts, Conditioning conditioning) {
        return of("classes", "they tie", prompts.prompts().stream().map(PromptNotices::named).toList(), conditioning);
    }

    /** @param conditioning of all these captions, in their order */
    static List<String> of(List<String> captions, Conditioning conditioning) {
        return of("captions", "their errors are equal", captions.stream().map(TokenizedCaptions::excerpt).toList(),
                conditioning);
    }

    /** With the number, as two classes may have one name. */
    private static String named(Prompt prompt) {
        return prompt.classIndex() + " " + InputException.quoted(prompt.className());
    }

    private static List<String> of(String what, String so, List<String> names, Conditioning conditioning) {
        Map<Integer, Set<String>> byRow = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            byRow.computeIfAbsent(conditioning.rows().get(i), missing -> new LinkedHashSet<>()).add(names.get(i));
        }
        List<String> same = byRow.values().stream().filter(group -> group.size() > 1)
                .map(group -> String.join(" and ", group)).toList();
        if (same.isEmpty()) {
            return conditioning.notices();
        }
        String named = String.join("; ", same.subList(0, Math.min(NAMED, same.size())));
        String more = same.size() > NAMED ? "; and " + (same.size() - NAMED) + " more" : "";
        return Stream.concat(conditioning.notices().stream(),
                Stream.of(what + " that are the same to the model, so that " + so + ": " + named + more)).toList();
    }
}
