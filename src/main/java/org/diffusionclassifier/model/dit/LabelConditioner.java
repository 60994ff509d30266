package org.diffusionclassifier.model.dit;

import java.util.List;
import org.diffusionclassifier.model.Conditioner;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.tensor.InputException;

/**
 * From labels, given by their numbers, to their rows in the network's tables of embeddings.
 *
 * @param labels how many there are
 */
record LabelConditioner(Dit dit, int labels) implements Conditioner {

    @Override
    public Conditioning encode(List<String> prompts) {
        List<Integer> asked = prompts.stream().map(this::label).toList();
        List<Integer> distinct = asked.stream().distinct().toList();
        return dit.embed(distinct.stream().mapToInt(Integer::intValue).toArray())
                .of(asked.stream().map(distinct::indexOf).toList(), List.of());
    }

    private int label(String prompt) {
        int label = prompt.matches("\\d{1,9}") ? Integer.parseInt(prompt) : -1;
        if (label < 0 || label >= labels) {
            throw new InputException("expected labels from 0 to " + (labels - 1) + ", as the model has, found "
                    + prompt);
        }
        return label;
    }
}
