package org.diffusionclassifier.device;

import java.util.function.UnaryOperator;
import org.diffusionclassifier.tensor.InputException;

/**
 * The device failed: no driver, out of memory, a kernel that will not run. The message is one line that names the
 * device, the call, the bytes or the grid, and what to do; the command line prints it and ends with exit code 3.
 */
public final class DeviceException extends RuntimeException {

    private final String format;
    private final transient Object[] arguments;

    public DeviceException(String message) {
        this(message, (Throwable) null);
    }

    public DeviceException(String message, Throwable cause) {
        this(cause, "%s", message);
    }

    private DeviceException(Throwable cause, String format, Object... arguments) {
        super(String.format(format, arguments), cause);
        this.format = format;
        this.arguments = arguments;
    }

    /**
     * A failure that another setting avoids.
     *
     * @param cause     or null
     * @param format    as {@link String#format} has it
     * @param arguments the settings among them as {@link InputException#field}s
     */
    public static DeviceException of(Throwable cause, String format, Object... arguments) {
        return new DeviceException(cause, format, arguments.clone());
    }

    /** The message with other names for the settings in it. */
    public String message(UnaryOperator<String> nameOfField) {
        return InputException.format(format, arguments, nameOfField);
    }
}
