package org.diffusionclassifier.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whole requests with bytes changed, cut out, put twice or swapped between them, by a seed: none is a fault, or a leak. */
class RequestFuzzTest {

    private static final int REQUESTS = 4000;

    private static List<byte[]> wholeOnes() {
        byte[] picture = ServedModel.picture("bag-0.png");
        String image = Base64.getEncoder().encodeToString(picture);
        var requests = new ArrayList<byte[]>();
        for (String json : List.of("{\"image\":\"%s\",\"classes\":[\"a\",\"b\"],\"template\":\"{}!\",\"confidence\":0.9,"
                + "\"maxTrials\":9,\"seed\":1,\"explain\":true}", "{\"image\":\"%s\",\"prompts\":[\"a\",{\"prompt\":\"b\","
                + "\"class\":\"c\"}],\"strategy\":\"staged\",\"nSamples\":[5,10],\"toKeep\":[2,1],\"loss\":\"l1\"}",
                "{\"images\":[\"%s\"],\"captions\":[\"a\",\"b\"],\"nSamples\":3,\"background\":\"white\"}",
                "{\"image\":\"%s\",\"expression\":\"a\",\"boxes\":[[0,0,3,3],[1.5,2,3,4e0]],\"nTrials\":2}")) {
            requests.add(("application/json\n" + json.formatted(image)).getBytes(StandardCharsets.UTF_8));
        }
        var form = new ByteArrayOutputStream();
        form.writeBytes(("multipart/form-data; boundary=b\n--b\r\nContent-Disposition: form-data; name=\"image\"; "
                + "filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\n").getBytes(StandardCharsets.UTF_8));
        form.writeBytes(picture);
        form.writeBytes(("\r\n--b\r\nContent-Disposition: form-data; name=\"classes\"\r\n\r\na\nb\r\n--b\r\n"
                + "Content-Disposition: form-data; name=\"boxes\"\r\n\r\n[0,0,1,1]\r\n--b--\r\n")
                .getBytes(StandardCharsets.UTF_8));
        requests.add(form.toByteArray());
        return requests;
    }

    @Test
    void everyRequestIsReadOrRefused() {
        List<byte[]> whole = wholeOnes();
        whole.forEach(RequestFuzz::fuzzerTestOneInput);
        var random = new Random(22);
        long held = UnpooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
        assertTimeout(Duration.ofSeconds(60), () -> {
            for (int i = 0; i < REQUESTS; i++) {
                byte[] request = whole.get(random.nextInt(whole.size())).clone();
                for (int change = random.nextInt(4); change >= 0; change--) {
                    request = changed(request, whole.get(random.nextInt(whole.size())), random);
                }
                try {
                    RequestFuzz.fuzzerTestOneInput(request);
                } catch (RuntimeException | Error e) {
                    throw new AssertionError("request " + i + ": " + new String(request, StandardCharsets.ISO_8859_1), e);
                }
            }
        });
        assertEquals(held, UnpooledByteBufAllocator.DEFAULT.metric().usedDirectMemory(), "bytes outside the heap");
    }

    private static byte[] changed(byte[] request, byte[] other, Random random) {
        if (request.length < 2) {
            return other.clone();
        }
        int at = random.nextInt(request.length);
        int length = random.nextInt(Math.min(64, request.length - at) + 1);
        switch (random.nextInt(4)) {
            case 0:
                request[at] = (byte) random.nextInt(256);
                return request;
            case 1:
                return joined(request, 0, at, request, at + length, request.length);
            case 2:
                return joined(request, 0, at + length, request, at, request.length);
            default:
                return joined(request, 0, at, other, Math.min(at, other.length), other.length);
        }
    }

    private static byte[] joined(byte[] first, int from, int to, byte[] second, int then, int end) {
        var bytes = new ByteArrayOutputStream();
        bytes.write(first, from, to - from);
        bytes.write(second, then, end - then);
        return bytes.toByteArray();
    }
}
