package org.diffusionclassifier.prompt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.file.JsonLine;
import org.diffusionclassifier.strategy.ClassTree;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.TextFile;

/**
 * A tree of classes in JSON: a list of groups and class names. A group is
 *
 * <pre>
 *     {"name": "footwear", "members": ["sandal", "sneaker", …], "representatives": ["sneaker"]}
 * </pre>
 *
 * with members like the list itself; without {@code representatives}, its first class stands for it.
 */
public final class LabelTree {

    private final Path file;
    private final PromptSet prompts;
    private final Set<String> found = new HashSet<>();

    private LabelTree(Path file, PromptSet prompts) {
        this.file = file;
        this.prompts = prompts;
    }

    /**
     * Reads a tree of these prompts' classes.
     *
     * @throws InputException for a file that is no such JSON, that names a class twice or one that has no prompt, or
     *                        that lacks a class
     */
    public static ClassTree read(Path file, PromptSet prompts) {
        var tree = new LabelTree(file, prompts);
        List<ClassTree> members = tree.members(tree.parse(), "the tree");
        for (Prompt prompt : prompts.prompts()) {
            if (!tree.found.contains(prompt.className())) {
                throw tree.refused("expected every class, found no " + InputException.quoted(prompt.className()));
            }
        }
        return new ClassTree("the tree", members.get(0).representatives(), members);
    }

    private JsonNode parse() {
        try {
            return JsonFile.MAPPER.readTree(TextFile.read(file));
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": expected JSON, found what is none", e);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    private List<ClassTree> members(JsonNode list, String of) {
        if (list == null || !list.isArray() || list.isEmpty()) {
            throw refused(of + ": expected a list of groups and class names, found "
                    + (list == null ? "nothing" : JsonLine.abridged(list)));
        }
        var members = new ArrayList<ClassTree>();
        list.forEach(node -> members.add(node.isTextual() ? leaf(node.textValue()) : group(node)));
        return members;
    }

    private ClassTree leaf(String name) {
        List<Integer> captions = IntStream.range(0, prompts.prompts().size())
                .filter(i -> prompts.prompts().get(i).className().equals(name)).boxed().toList();
        if (captions.isEmpty()) {
            throw refused("class " + InputException.quoted(name) + ": expected one that has a prompt");
        }
        if (!found.add(name)) {
            throw refused("class " + InputException.quoted(name) + ": expected once, found again");
        }
        return ClassTree.leaf(name, captions);
    }

    private ClassTree group(JsonNode node) {
        JsonNode name = node.get("name");
        if (!node.isObject() || name == null || !name.isTextual()) {
            throw refused("expected a class name or a group with a name, found " + JsonLine.abridged(node));
        }
        List<ClassTree> members = members(node.get("members"), InputException.quoted(name.textValue()));
        return new ClassTree(name.textValue(), representatives(node.get("representatives"), members), members);
    }

    private List<Integer> representatives(JsonNode names, List<ClassTree> members) {
        List<ClassTree> classes = members.stream().flatMap(LabelTree::classes).toList();
        if (names == null) {
            return classes.get(0).representatives();
        }
        var representatives = new ArrayList<Integer>();
        for (JsonNode name : names) {
            representatives.addAll(classes.stream().filter(leaf -> leaf.name().equals(name.textValue())).findFirst()
                    .orElseThrow(() -> refused("representatives: expected classes of the group, found "
                            + JsonLine.abridged(name))).representatives());
        }
        if (representatives.isEmpty()) {
            throw refused("representatives: expected classes of the group, found " + JsonLine.abridged(names));
        }
        return representatives;
    }

    private static Stream<ClassTree> classes(ClassTree node) {
        return node.members().isEmpty() ? Stream.of(node) : node.members().stream().flatMap(LabelTree::classes);
    }

    private InputException refused(String what) {
        return new InputException(file + ": " + what);
    }
}
