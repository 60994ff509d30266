package org.diffusionclassifier.server;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.diffusionclassifier.server.http.HttpRefusal;
import org.diffusionclassifier.server.http.Received;
import org.diffusionclassifier.tensor.InputException;

/** Any bytes as a request: the first line is the Content-Type, the rest the body. Read, or refused in one line. */
public final class RequestFuzz {

    private RequestFuzz() {
    }

    /** Called by Jazzer; what it throws is a finding. */
    public static void fuzzerTestOneInput(byte[] input) {
        int line = 0;
        while (line < input.length && input[line] != '\n') {
            line++;
        }
        String type = new String(input, 0, line, StandardCharsets.ISO_8859_1).replaceAll("[^ -~]", "");
        byte[] body = Arrays.copyOfRange(input, Math.min(input.length, line + 1), input.length);
        var headers = new DefaultHttpHeaders().add("Content-Type", type);
        var request = new Received("POST", "/", "", headers, body);
        parse(() -> ClassifyRequest.of(request, ServeSpec.DEFAULT));
        parse(() -> ComparisonRequest.ofMatching(request, ServeSpec.DEFAULT));
        parse(() -> ComparisonRequest.ofReferring(request, ServeSpec.DEFAULT));
    }

    private static void parse(Runnable parser) {
        try {
            parser.run();
        } catch (HttpRefusal | InputException refused) {
            if (refused.getMessage().lines().count() != 1) {
                throw new AssertionError("expected one line", refused);
            }
        }
    }
}
