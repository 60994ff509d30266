package org.diffusionclassifier.server.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.nio.charset.StandardCharsets;
import java.util.function.IntConsumer;

/**
 * A request and its answer: one {@link #reply}, or any number of {@link #event}s and an {@link #end}. For any thread,
 * one at a time. What is sent after the client is gone, or after the answer's end, is dropped.
 */
public final class Exchange {

    /** What a browser must not do with what it gets, and what it must not fetch for the page. */
    private static final String[][] SAFE = {
            {"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "
                    + "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                    + "frame-ancestors 'none'"},
            {"X-Content-Type-Options", "nosniff"},
            {"Referrer-Policy", "no-referrer"},
            {"Cross-Origin-Opener-Policy", "same-origin"},
            {"Cross-Origin-Resource-Policy", "same-origin"},
            {"Cache-Control", "no-store"},
    };

    private final ChannelHandlerContext connection;
    private final Received request;
    private final boolean keepAlive;
    private final Runnable finished;
    private volatile boolean gone;
    private boolean streaming;
    private boolean ended;
    private int status;
    private IntConsumer atEnd = sent -> { };

    /**
     * @param keepAlive whether more requests may come on the connection
     * @param finished  called once, by the connection's thread, when the answer is sent or cannot be
     */
    Exchange(ChannelHandlerContext connection, Received request, boolean keepAlive, Runnable finished) {
        this.connection = connection;
        this.request = request;
        this.keepAlive = keepAlive;
        this.finished = finished;
    }

    public Received request() {
        return request;
    }

    /** Whether the client has closed the connection, so that nobody waits for the answer. */
    public boolean isGone() {
        return gone;
    }

    void leave() {
        gone = true;
    }

    /** @param then gets the answer's status when all of it was handed over */
    public synchronized void whenEnded(IntConsumer then) {
        atEnd = then;
    }

    /** Answers, but for the content if only the head was asked for. */
    public synchronized void reply(Reply reply) {
        if (ended) {
            return;
        }
        ended = true;
        status = reply.status();
        boolean head = request.method().equals("HEAD");
        var response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(reply.status()),
                head ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(reply.content()));
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, reply.type())
                .set(HttpHeaderNames.CONTENT_LENGTH, reply.content().length);
        reply.headers().forEach((name, value) -> response.headers().set(name, value));
        describe(response);
        last(response);
    }

    /** Refuses, in an event where the answer has begun with events. */
    public synchronized void refuse(HttpRefusal refusal) {
        if (streaming) {
            event("failed", Reply.Problem.of(refusal));
            end();
        } else {
            reply(Reply.of(refusal));
        }
    }

    /** Sends a server-sent event (HTML, section 9.2). The first begins the answer. @param data as JSON */
    public synchronized void event(String name, Object data) {
        if (ended) {
            return;
        }
        if (!streaming) {
            streaming = true;
            status = 200;
            var response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
            response.headers().set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8");
            HttpUtil.setTransferEncodingChunked(response, true);
            describe(response);
            connection.write(response);
        }
        byte[] line = ("event: " + name + "\ndata: ").getBytes(StandardCharsets.UTF_8);
        connection.writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(line, Reply.bytes(data),
                new byte[] {'\n', '\n'})));
    }

    /** Whether the client takes what it is sent; an event that another replaces may be left out if not. */
    public boolean isKeepingUp() {
        return connection.channel().isWritable();
    }

    /** Ends a stream of events. */
    public synchronized void end() {
        if (!ended) {
            ended = true;
            last(LastHttpContent.EMPTY_LAST_CONTENT);
        }
    }

    private void describe(HttpResponse response) {
        for (String[] header : SAFE) {
            response.headers().set(header[0], header[1]);
        }
        if (!keepAlive) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
    }

    /**
     * The listener is there before the answer is: a client that has read the answer and asks again at once must find
     * the connection expecting that.
     */
    private void last(Object part) {
        atEnd.accept(status);
        ChannelPromise sent = connection.newPromise();
        sent.addListener(done -> finished.run());
        connection.writeAndFlush(part, sent);
    }
}
