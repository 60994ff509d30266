package org.diffusionclassifier.convert;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.diffusionclassifier.checkpoint.DitSource;
import org.diffusionclassifier.checkpoint.LdmCheckpoint;
import org.diffusionclassifier.checkpoint.ModelSource;
import org.diffusionclassifier.checkpoint.VaeFolder;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;

/**
 * The converter alone: {@code SOURCE OUT [f16|bf16|f32 [FOLDER]]}, the folder being that of a tokenizer, for a model in
 * the original naming, or of an autoencoder, for a DiT. Exit code 2 for bad input.
 */
public final class ConverterMain {

    private static final int INPUT_ERROR = 2;

    private ConverterMain() {
    }

    public static void main(String[] args) {
        try {
            if (args.length < 2 || args.length > 4) {
                throw new InputException("expected SOURCE OUT [f16|bf16|f32 [FOLDER]], found "
                        + String.join(" ", args));
            }
            DType dtype = args.length < 3 ? DType.F16 : dtype(args[2]);
            var outcome = converter(Path.of(args[0]), args.length < 4 ? null : Path.of(args[3]),
                    new Converter.Options(dtype, false, false)).write(Path.of(args[1]), bytes -> { });
            System.out.println(args[1] + ": " + outcome.parameters() + " parameters in " + outcome.tensors()
                    + " tensors, " + outcome.bytes() + " bytes");
            outcome.notFinite().forEach(count ->
                    System.out.println(count.tensor() + ": " + count.values() + " values are NaN or infinite"));
        } catch (InputException e) {
            System.err.println(e.getMessage());
            System.exit(INPUT_ERROR);
        }
    }

    private static Converter converter(Path source, Path folder, Converter.Options options) {
        if (DitSource.isOne(source) || folder != null && VaeFolder.isOne(folder)) {
            return new Converter(DitSource.open(source, folder), options);
        }
        return new Converter(ModelSource.open(source,
                new LdmCheckpoint.Options(512, PredictionType.EPSILON, false, folder)), options);
    }

    private static DType dtype(String name) {
        return Arrays.stream(new DType[] {DType.F16, DType.BF16, DType.F32})
                .filter(dtype -> dtype.name().toLowerCase(Locale.ROOT).equals(name)).findFirst()
                .orElseThrow(() -> new InputException("expected f16, bf16 or f32, found " + name));
    }
}
