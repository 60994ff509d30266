package org.diffusionclassifier.strategy;

import java.util.List;
import java.util.stream.Stream;

/**
 * Prompts in groups of groups: what {@link TreeRace} descends.
 *
 * @param name            for people
 * @param representatives prompts that stand for it while groups are compared; a prompt stands for itself
 * @param members         of a group; none of a single prompt
 */
public record ClassTree(String name, List<Integer> representatives, List<ClassTree> members) {

    public ClassTree {
        representatives = List.copyOf(representatives);
        members = List.copyOf(members);
        if (representatives.isEmpty()) {
            throw new IllegalArgumentException(name + ": nothing stands for it");
        }
    }

    /** Captions of one class. */
    public static ClassTree leaf(String name, List<Integer> prompts) {
        return new ClassTree(name, prompts, List.of());
    }

    /** All prompts below. */
    public Stream<Integer> prompts() {
        return members.isEmpty() ? representatives.stream() : members.stream().flatMap(ClassTree::prompts);
    }
}
