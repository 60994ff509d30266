package org.diffusionclassifier.platform;

import com.sun.jna.NativeLibrary;
import java.util.Map;

/**
 * The environment that native libraries of this process read. Java has no way to set a variable of its own process, and
 * {@link System#getenv} does not see what is set here; POSIX's setenv does it, and is called through JNA.
 */
public final class NativeEnvironment {

    private NativeEnvironment() {
    }

    /**
     * Sets those that are not set yet.
     *
     * @throws LinkageError if JNA cannot be loaded, or the system has no setenv, as Windows
     */
    public static void set(Map<String, String> variables) {
        var setenv = NativeLibrary.getProcess().getFunction("setenv");
        variables.forEach((name, value) -> setenv.invokeInt(new Object[] {name, value, 0}));
    }
}
