package org.diffusionclassifier;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.tensor.InputException;

/**
 * Where one model runs: a card, or so many of the processor's threads.
 *
 * @param kind    what it is
 * @param ordinal of a card as the driver counts them, or of a model among several on the CPU; from 0
 * @param threads of one of several models on the CPU, at least 1; null for those of OpenMP, and on a card
 */
public record DeviceName(Kind kind, int ordinal, Integer threads) {

    /**
     * AUTO is CUDA where there is an NVIDIA driver, else the CPU; ALL is every card of that driver, else the CPU; SIMT
     * emulates a GPU on the CPU, slowly.
     */
    public enum Kind { AUTO, ALL, CPU, CUDA, SIMT }

    public static final DeviceName AUTO = new DeviceName(Kind.AUTO, 0, null);

    private static final InputException.Field DEVICE = InputException.field("device");

    /** Models on the CPU, and threads of each: more than any processor has a use for. */
    private static final int MOST = 1024;

    private static final Pattern CARD = Pattern.compile("(?i)(cuda|simt):(\\d{1,4})");
    private static final Pattern MODELS = Pattern.compile("(?i)cpu:(\\d{1,4})x(\\d{1,4})");

    /** @throws InputException for what cannot be */
    public DeviceName {
        if (ordinal < 0 || ordinal > 0 && (kind == Kind.AUTO || kind == Kind.ALL)) {
            throw InputException.of("%s: expected a card from 0 on, found %s:%d", DEVICE, lowerCase(kind), ordinal);
        }
        if (threads != null && (kind != Kind.CPU || threads < 1 || threads > MOST)) {
            throw InputException.of("%s: expected 1 to %d threads, of a model on the CPU, found %d on %s", DEVICE, MOST,
                    threads, lowerCase(kind));
        }
    }

    /**
     * What a list of devices says, in any case: {@code auto}, {@code all}, {@code cpu}, {@code cuda}, {@code cuda:1},
     * {@code simt}, {@code cpu:2x1} for two models of one thread each, and lists of these, separated by commas.
     *
     * @throws InputException for anything else
     */
    public static List<DeviceName> list(String names) {
        return Arrays.stream(names.split(",", -1)).map(String::strip).flatMap(DeviceName::parse).toList();
    }

    private static Stream<DeviceName> parse(String name) {
        Matcher card = CARD.matcher(name);
        if (card.matches()) {
            return Stream.of(new DeviceName(Kind.valueOf(card.group(1).toUpperCase(Locale.ROOT)),
                    Integer.parseInt(card.group(2)), null));
        }
        Matcher models = MODELS.matcher(name);
        if (models.matches()) {
            int count = Integer.parseInt(models.group(1));
            int threads = Integer.parseInt(models.group(2));
            if (count < 1 || count > MOST) {
                throw InputException.of("%s: expected 1 to %d models, found %s", DEVICE, MOST, name);
            }
            return IntStream.range(0, count).mapToObj(model -> new DeviceName(Kind.CPU, model, threads));
        }
        return Stream.of(new DeviceName(Arrays.stream(Kind.values())
                .filter(kind -> kind.name().equalsIgnoreCase(name)).findFirst().orElseThrow(() -> InputException.of(
                        "%s: expected %s, a card as cuda:1, or models and threads as cpu:2x1, found %s", DEVICE,
                        Arrays.stream(Kind.values()).map(DeviceName::lowerCase).collect(Collectors.joining(", ")),
                        name.isEmpty() ? "nothing" : name)), 0, null));
    }

    /**
     * The devices of this machine that it stands for. Finding all cards loads the driver.
     *
     * @throws org.diffusionclassifier.device.DeviceException if there is a driver that cannot be used
     */
    Stream<DeviceName> onThisMachine() {
        return switch (kind) {
            case AUTO -> Stream.of(new DeviceName(CudaDevice.isInstalled() ? Kind.CUDA : Kind.CPU, 0, null));
            case ALL -> CudaDevice.isInstalled()
                    ? IntStream.range(0, CudaDevice.cards()).mapToObj(card -> new DeviceName(Kind.CUDA, card, null))
                    : Stream.of(new DeviceName(Kind.CPU, 0, null));
            default -> Stream.of(this);
        };
    }

    private static String lowerCase(Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    /** {@code cuda:1}; of the models of {@code cpu:2x1}, {@code cpu:0} and {@code cpu:1}. */
    @Override
    public String toString() {
        return kind == Kind.CUDA || kind == Kind.SIMT || threads != null ? lowerCase(kind) + ":" + ordinal
                : lowerCase(kind);
    }
}
