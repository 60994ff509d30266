package org.diffusionclassifier.data;

import org.diffusionclassifier.weights.InputException;
import org.junit.jupiter.api.function.Executable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

/** The message of a refusal, having checked that it is one line. */
final class Refused {

    private Refused() {
    }

    static String message(Executable refused) {
        var message = assertThrows(InputException.class, refused).getMessage();
        assertEquals(1, message.lines().count(), message);
        return message;
    }
}
