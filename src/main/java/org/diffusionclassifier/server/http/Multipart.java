package org.diffusionclassifier.server.http;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.multipart.DefaultHttpDataFactory;
import io.netty.handler.codec.http.multipart.FileUpload;
import io.netty.handler.codec.http.multipart.HttpData;
import io.netty.handler.codec.http.multipart.HttpPostMultipartRequestDecoder;
import io.netty.handler.codec.http.multipart.HttpPostRequestDecoder;
import io.netty.handler.codec.http.multipart.InterfaceHttpData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Parts of a {@code multipart/form-data} body (RFC 7578), as Netty reads them, in memory alone. */
public final class Multipart {

    private static final int MOST_BUFFERED = 64 << 10;

    private Multipart() {
    }

    /**
     * A part.
     *
     * @param name     of the field
     * @param fileName as the client has it, which is any text; null for a part that is none
     */
    public record Part(String name, String fileName, byte[] content) {

        public String text() {
            return new String(content, StandardCharsets.UTF_8);
        }
    }

    /** Whether a request says that its body is one. */
    public static boolean isOne(Received request) {
        return request.header("Content-Type").regionMatches(true, 0, "multipart/form-data", 0, 19);
    }

    /**
     * In their order.
     *
     * @param most parts
     * @throws HttpRefusal for a body that is none, has more, or ends before its last boundary
     */
    public static List<Part> of(Received request, int most) {
        var head = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/", request.headers());
        HttpPostMultipartRequestDecoder decoder = null;
        try {
            if (!HttpPostRequestDecoder.isMultipart(head)) {
                throw none(most);
            }
            decoder = new HttpPostMultipartRequestDecoder(new DefaultHttpDataFactory(false), head,
                    StandardCharsets.UTF_8, most, MOST_BUFFERED);
            decoder.offer(new DefaultLastHttpContent(Unpooled.wrappedBuffer(request.body())));
            var parts = new ArrayList<Part>();
            for (InterfaceHttpData data : decoder.getBodyHttpDatas()) {
                if (data instanceof HttpData part) {
                    parts.add(new Part(part.getName(), part instanceof FileUpload file ? file.getFilename() : null,
                            part.get()));
                }
            }
            return parts;
        } catch (DecoderException | IllegalArgumentException | IndexOutOfBoundsException | IOException e) {
            throw none(most);
        } finally {
            if (decoder != null) {
                release(decoder);
            }
        }
    }

    /** Also the part that a broken body ends in, which the decoder forgets: its bytes lie outside the heap. */
    private static void release(HttpPostMultipartRequestDecoder decoder) {
        InterfaceHttpData begun = decoder.currentPartialHttpData();
        decoder.destroy();
        if (begun != null && begun.refCnt() > 0) {
            begun.release();
        }
    }

    private static HttpRefusal none(int most) {
        return new HttpRefusal(400, "expected a body of multipart/form-data with a boundary and at most " + most
                + " parts, found what is none");
    }
}
