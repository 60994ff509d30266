package org.diffusionclassifier.model;

import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.tensor.InputException;

/**
 * A kind of model: how to know one, which tensors it takes, and how to build its networks. A new family is a package and a
 * line in {@code META-INF/services/org.diffusionclassifier.model.ModelFamily}.
 */
public interface ModelFamily {

    /** For people: {@code Stable Diffusion}. */
    String name();

    /** The components without which there is no such model. */
    List<String> components();

    /**
     * Whether a checkpoint is meant to be one of this family, by its components and what it says of them. One that is meant
     * to be and lacks a part is refused by {@link #layout}.
     */
    boolean recognises(Checkpoint checkpoint);

    /**
     * What this family takes of a checkpoint. No weights are read.
     *
     * @throws InputException if a component is missing, its configuration is not supported, components do not fit each
     *                        other, or the specification has what this family has no use for
     */
    Layout layout(Checkpoint checkpoint);

    /**
     * The names of the labels that models of this family are conditioned on, in their order, numbers where they have no
     * others; empty, unless a family says otherwise, as it is conditioned on captions.
     *
     * @throws InputException if there are not as many names as labels
     */
    default Optional<List<String>> labels(Checkpoint checkpoint) {
        return Optional.empty();
    }

    /**
     * The prompt that stands for none, by which an unconditional error is measured: the empty caption, unless a model was
     * trained with another. A conditioner takes it among the others.
     */
    default String unconditional(Checkpoint checkpoint) {
        return "";
    }

    /** What is known of a model before its weights are read. @throws InputException as {@link #layout} */
    Latents latents(Checkpoint checkpoint);

    /**
     * Opens a model on a device. Its networks are built when they are first needed, in the layout's order.
     *
     * @param checkpoint stays open as long as the model, which may read weights of it anew
     * @throws InputException as {@link #layout}
     */
    LatentModel load(Checkpoint checkpoint, Device device);

    /** The family of a checkpoint. @throws InputException if no family knows it, or it is known to be another's */
    static ModelFamily of(Checkpoint checkpoint) {
        OtherModel.refuse(checkpoint);
        List<ModelFamily> families = ServiceLoader.load(ModelFamily.class, ModelFamily.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get).toList();
        return families.stream().filter(family -> family.recognises(checkpoint)).findFirst()
                .orElseThrow(() -> new InputException(checkpoint.source() + ": expected a model of " + families.stream()
                        .map(family -> family.name() + " (" + String.join(", ", family.components()) + ")")
                        .collect(Collectors.joining(" or ")) + ", found "
                        + (checkpoint.components().isEmpty() ? "no components"
                        : String.join(", ", checkpoint.components()))));
    }
}
