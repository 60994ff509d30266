package org.diffusionclassifier.weights;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.diffusionclassifier.weights.ScheduleConfig.PredictionType;

/** The converter where there is nothing else: {@code SOURCE OUT [f16|bf16|f32 [TOKENIZER]]}. Exit code 2 for bad input. */
public final class ConverterMain {

    private static final int INPUT_ERROR = 2;

    private ConverterMain() {
    }

    public static void main(String[] args) {
        try {
            if (args.length < 2 || args.length > 4) {
                throw new InputException("expected SOURCE OUT [f16|bf16|f32 [TOKENIZER]], found "
                        + String.join(" ", args));
            }
            DType dtype = args.length < 3 ? DType.F16 : dtype(args[2]);
            Path tokenizer = args.length < 4 ? null : Path.of(args[3]);
            ModelSource source = ModelSource.open(Path.of(args[0]),
                    new LdmCheckpoint.Options(512, PredictionType.EPSILON, false, tokenizer));
            var outcome = new Converter(source, new Converter.Options(dtype, false, false))
                    .write(Path.of(args[1]), bytes -> { });
            System.out.println(args[1] + ": " + outcome.parameters() + " parameters in " + outcome.tensors()
                    + " tensors, " + outcome.bytes() + " bytes");
            outcome.notFinite().forEach(count ->
                    System.out.println(count.tensor() + ": " + count.values() + " values are NaN or infinite"));
        } catch (InputException e) {
            System.err.println(e.getMessage());
            System.exit(INPUT_ERROR);
        }
    }

    private static DType dtype(String name) {
        return Arrays.stream(new DType[] {DType.F16, DType.BF16, DType.F32})
                .filter(dtype -> dtype.name().toLowerCase(Locale.ROOT).equals(name)).findFirst()
                .orElseThrow(() -> new InputException("expected f16, bf16 or f32, found " + name));
    }
}
