package org.diffusionclassifier.platform;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** How Linux shows a command line; LauncherTest starts one anew. */
class NewProcessTest {

    @Test
    void argumentsKeepTheirBytes() {
        byte[] shown = "java\0-jar\0\0café\0".getBytes(StandardCharsets.UTF_8);
        String[] arguments = NewProcess.arguments(shown);
        assertArrayEquals(new String[] {"java", "-jar", ""}, new String[] {arguments[0], arguments[1], arguments[2]});
        assertEquals("café", new String(arguments[3].getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8));
        assertEquals(4, arguments.length);
    }

    @Test
    void emptyArgumentsAtTheEndStay() {
        assertArrayEquals(new String[] {"java", "", ""}, NewProcess.arguments("java\0\0\0".getBytes()));
    }
}
