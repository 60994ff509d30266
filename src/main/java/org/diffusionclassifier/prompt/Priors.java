package org.diffusionclassifier.prompt;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.diffusionclassifier.file.CsvTable;
import org.diffusionclassifier.tensor.InputException;

/**
 * How frequent classes are: a CSV file with columns {@code classname,weight}, weights above 0 in any unit.
 *
 * @param file    it was read from
 * @param weights by class name
 */
public record Priors(Path file, Map<String, Double> weights) {

    /** @throws InputException for a file that is no such CSV, a class named twice, or a weight that is not above 0 */
    public static Priors read(Path file) {
        var table = CsvTable.read(file);
        String name = table.column("classname");
        String weight = table.column("weight");
        var weights = new HashMap<String, Double>();
        for (var row : table.rows()) {
            if (weights.put(row.get(name), positive(row, weight)) != null) {
                throw new InputException(row.where() + ": class " + InputException.quoted(row.get(name)) + " is named twice");
            }
        }
        return new Priors(file, Map.copyOf(weights));
    }

    private static double positive(CsvTable.Row row, String column) {
        try {
            double weight = Double.parseDouble(row.get(column).strip());
            if (weight > 0 && weight < Double.POSITIVE_INFINITY) {
                return weight;
            }
        } catch (NumberFormatException e) {
            // refused below, with 0 and less
        }
        throw new InputException(row.where() + ": weight: expected a number above 0, found "
                + InputException.quoted(row.get(column)));
    }

    /**
     * ln of each prompt's class's weight.
     *
     * @throws InputException if a class has none
     */
    public double[] logarithms(PromptSet prompts) {
        return prompts.prompts().stream().mapToDouble(prompt -> {
            Double weight = weights.get(prompt.className());
            if (weight == null) {
                throw new InputException(file + ": no weight of class " + InputException.quoted(prompt.className()));
            }
            return Math.log(weight);
        }).toArray();
    }
}
