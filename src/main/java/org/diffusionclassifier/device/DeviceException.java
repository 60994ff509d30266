package org.diffusionclassifier.device;

/**
 * The device failed: no driver, out of memory, a kernel that will not run. The message is one line that names the
 * device, the call, the bytes or the grid, and what to do; the command line prints it and ends with exit code 3.
 */
public final class DeviceException extends RuntimeException {

    public DeviceException(String message) {
        super(message);
    }

    public DeviceException(String message, Throwable cause) {
        super(message, cause);
    }
}
