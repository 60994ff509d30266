package org.diffusionclassifier.dataset;

import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.function.Executable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

/** The message of a refusal, having checked that it is one line. */
public final class Refused {

    private Refused() {
    }

    public static String message(Executable refused) {
        var message = assertThrows(InputException.class, refused).getMessage();
        assertEquals(1, message.lines().count(), message);
        return message;
    }
}
