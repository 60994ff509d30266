package org.diffusionclassifier.device;

import java.util.List;
import java.util.function.Consumer;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/**
 * Something that runs a network: it makes the layers, owns the memory, and records and runs their operations.
 *
 * <p>A layer's {@code forward} may be called only while {@link #record} is at work, and computes nothing then: it
 * notes the operation and returns the tensor that it will fill. A device is for one thread at a time. A CPU's belongs to
 * the thread that opened it, as OpenMP's threads do.
 */
public interface Device extends AutoCloseable {

    /** One line for a person: what it is and what it computes in. */
    String description();

    /** What its user should know of it, such as why it is slower than it could be: a line each. */
    default List<String> notices() {
        return List.of();
    }

    /** The type of activations and of matrix and filter weights. */
    DType dtype();

    // Layers. Tensors are named as in PyTorch: weight, bias.

    /**
     * @param parts the layers whose outputs are computed side by side, each with a {@code weight} [out / parts, in] (with
     *              GEGLU one part of [2·out, in]) and, by the spec, a {@code bias}
     */
    Linear linear(Linear.Spec spec, Weights... parts);

    /** @param weights {@code weight} [out, in + concat, kernel, kernel] and {@code bias} [out] */
    Conv2d conv2d(Conv2d.Spec spec, Weights weights);

    /** @param weights of {@code spec.conv()}, and {@code shortcut} of {@code spec.shortcut()}, as above */
    default ResidualConv2d residualConv2d(ResidualConv2d.Spec spec, Weights weights, Weights shortcut) {
        return new ResidualConv2d.Apart(spec, conv2d(spec.conv(), weights), conv2d(spec.shortcut(), shortcut));
    }

    /** @param weights {@code weight} and {@code bias}, both [channels] */
    GroupNorm groupNorm(GroupNorm.Spec spec, Weights weights);

    /** @param weights {@code weight} and {@code bias}, both [channels] */
    LayerNorm layerNorm(LayerNorm.Spec spec, Weights weights);

    /** @param weights {@code weight}, [channels] */
    RmsNorm rmsNorm(RmsNorm.Spec spec, Weights weights);

    /** @throws org.diffusionclassifier.tensor.InputException for heads of a width that the device has no kernel for */
    Attention attention(Attention.Spec spec);

    /**
     * Token and position embeddings of a text encoder.
     *
     * @param weights {@code token_embedding.weight} [vocabulary, width] and {@code position_embedding.weight}
     *                [positions, width]
     */
    Embedding embedding(Embedding.Spec spec, Weights weights);

    /** With noise that is computed from the trials' seed. */
    default Diffusion diffusion() {
        return diffusion(null);
    }

    /** @param table noise of another origin, [N, h, w, c] of float32, one ε a row; null to compute it from the seed */
    Diffusion diffusion(Tensor table);

    // Operations without weights.

    /**
     * Sines and cosines of t at geometrically spaced frequencies: with h = width / 2 and
     * ω_i = 10000^(−i / (h − shift)), [sin ω₀t .. sin ω_{h−1}t, cos ω₀t .. cos ω_{h−1}t] (Vaswani et al., 2017,
     * section 3.5, in the arrangement of diffusers' {@code get_timestep_embedding}).
     *
     * @param times       t, [M] float32, read when the graph runs
     * @param width       even
     * @param cosineFirst whether the cosines stand before the sines ({@code flip_sin_to_cos})
     * @return [M, width]
     */
    Tensor timestepEmbedding(Tensor times, int width, boolean cosineFirst, float shift);

    /** The function of every element of a dense tensor; not GEGLU. */
    Tensor activation(Activation function, Tensor x);

    /** a · b, element by element; both dense, of the device's type and of one shape. */
    Tensor product(Tensor a, Tensor b);

    /**
     * The tokens of both, one behind the other, image by image: [B, L₁, C] and [B, L₂, C] → [B, L₁ + L₂, C], dense.
     *
     * @param first  rows any distance apart; second likewise
     */
    Tensor joinTokens(Tensor first, Tensor second);

    /**
     * Some tokens of each image: [B, L, C] → [B, count, C], dense.
     *
     * @param x    dense
     * @param from the first of them, in [0, L − count]
     */
    Tensor someTokens(Tensor x, int from, int count);

    /**
     * softmax(Q Kᵀ + bias) V, not scaled: T5's attention, which knows places by a bias alone (Raffel et al., 2020, arXiv
     * 1910.10683, section 2.1). Head h is columns h·d to (h + 1)·d. Scores and softmax are float32. For a text encoder,
     * which runs once a caption; {@link Attention} is the fast one.
     *
     * @param q    [B, L, heads·d], rows any distance apart; k and v likewise
     * @param bias [heads, L, L] float32, persistent: what is added to the score of query i and key j
     * @return [B, L, heads·d], dense
     */
    Tensor biasedAttention(Tensor q, Tensor k, Tensor v, Tensor bias);

    /**
     * Entries of the first dimension: y[i] = x[index[i]].
     *
     * @param index [N] int32 in [0, entries of x), read when the graph runs; the CPU checks the range, a GPU does not
     */
    Tensor gather(Tensor x, Tensor index);

    /**
     * LayerNorm without parameters of its own, scaled and shifted by image:
     * y[b, l] = (x[b, l] − μ) / √(σ² + ε) · (1 + scale[b]) + shift[b], μ and σ² over x[b, l] (Peebles and Xie,
     * <i>Scalable Diffusion Models with Transformers</i>, 2023, arXiv 2212.09748, section 3.2, "adaptive layer norm").
     *
     * @param x     [B, L, C], dense
     * @param shift [B, C], rows any distance apart
     * @param scale as shift
     * @return [B, L, C]
     */
    Tensor adaptiveNorm(Tensor x, Tensor shift, Tensor scale, float epsilon);

    /**
     * x[b, l] + gate[b] · z[b, l]: what a block adds to its residual stream, by as much as the image says (the same,
     * "adaLN-Zero").
     *
     * @param x    [B, L, C], dense
     * @param gate [B, C], rows any distance apart
     * @param z    as x
     * @return [B, L, C]
     */
    Tensor gatedSum(Tensor x, Tensor gate, Tensor z);

    /**
     * Exchanges the middle dimensions, [A, B, C, W] → [A, C, B, W]: y[a, c, b] = x[a, b, c].
     *
     * @param x dense, of the device's type or float32
     */
    Tensor swapAxes(Tensor x);

    /**
     * (x − shift) · factor, in double precision and rounded once.
     *
     * @param x of the device's type or float32, its rows any distance apart
     * @return float32, in the shape of x, dense
     */
    Tensor affine(Tensor x, double shift, double factor);

    // Memory and execution.

    /** Latent pixels that a batch should have to keep the device busy. */
    int latentPixelsABatch();

    /** Latent pixels from which on a pair takes about as long as in a full batch. */
    int latentPixelsAtLeast();

    /** Bytes that activations can take; {@link Long#MAX_VALUE} where that is for the operating system to say. */
    long activationCapacity();

    /** A persistent tensor, filled with zeros: the caller's until it is released or the device closes. */
    Tensor tensor(DType type, int... shape);

    /** Frees a tensor that {@link #tensor} made, given whole; no graph may use it afterwards. */
    void release(Tensor tensor);

    /** Copies into a persistent tensor of float32, or of the device's type by rounding; dense, in row-major order. */
    void write(Tensor destination, float[] values);

    /** Copies into a persistent tensor of int32. */
    void write(Tensor destination, int[] values);

    /** The values of a persistent or kept tensor in row-major order, in float32. */
    float[] read(Tensor source);

    /** Copies a kept or persistent tensor into a persistent one of the same type and number of elements, both dense. */
    void copy(Tensor source, Tensor destination);

    /** From now on every run of a graph looks at what each layer writes, and ends where that is not finite; slow. */
    void checkFinite();

    /** Waits until every graph that was run is done. */
    void synchronize();

    /** Records the operations of {@code forward}; tensors given to {@link Graph.Recorder#keep} can be read after a run. */
    Graph record(Consumer<Graph.Recorder> forward);

    @Override
    void close();
}
